/// A run that waits to be restored: the one a share link tells, or the one of the last visit.

const keyOf = (scenario: string): string => `softnet:run:${scenario}`;

/// The address's hash when it is a share link, and not a heading's name.
export const linkOf = (): string => (location.hash.startsWith('#v=') ? location.hash : '');

export function stored(scenario: string): string {
  try {
    return sessionStorage.getItem(keyOf(scenario)) ?? '';
  } catch {
    return ''; // storage refused
  }
}

export function store(scenario: string, text: string): void {
  try {
    sessionStorage.setItem(keyOf(scenario), text);
  } catch {
    // Storage refused or full: the run lasts for this page.
  }
}
