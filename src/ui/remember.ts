/// Small choices of the reader (the terminal open, its face), kept by the browser where it allows it.

export function recall(name: string): string {
  try {
    return localStorage.getItem(`softnet:${name}`) ?? '';
  } catch {
    return ''; // storage refused
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`softnet:${name}`, value);
  } catch {
    // Storage refused: the choice lasts for this page.
  }
}
