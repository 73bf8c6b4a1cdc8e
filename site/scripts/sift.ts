/// Narrows the reference page to the entries that hold all typed words. Without the script the whole
/// list is there.
const input = document.querySelector<HTMLInputElement>('#sift');
const parts = [...document.querySelectorAll<HTMLElement>('[data-part]')].map((part) => ({
  name: part.dataset['part'] ?? '',
  none: part.querySelector<HTMLElement>('.none'),
  entries: [...part.querySelectorAll<HTMLElement>('.entry')].map((element) => ({
    element,
    text: (element.textContent ?? '').toLowerCase(),
  })),
}));

function sift(query: string): void {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { name, none, entries } of parts) {
    let shown = 0;
    for (const { element, text } of entries) {
      const keep = words.every((word) => text.includes(word));
      element.hidden = !keep;
      if (keep) shown++;
    }
    if (none) none.hidden = shown > 0;
    const output = document.querySelector(`[data-count="${name}"]`);
    if (output)
      output.textContent = words.length ? `${shown} of ${entries.length}` : String(entries.length);
  }
}

/// A link to an entry that is sifted out shows it.
function reveal(): void {
  const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (!target?.hidden || !input) return;
  input.value = '';
  sift('');
  target.scrollIntoView();
}

input?.addEventListener('input', () => sift(input.value));
input?.form?.addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('hashchange', reveal);
// The browser may bring the typed words back on its own.
if (input?.value) sift(input.value);
