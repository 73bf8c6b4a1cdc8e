/// Buttons that type a command into the page's terminal (`data-run`) or copy a command (`data-copy`).

/// Types a line as soon as the terminal is there to hear it.
function type(line: string): void {
  const island = document.querySelector('.dock astro-island');
  const send = () => dispatchEvent(new CustomEvent('softnet:type', { detail: { line } }));
  if (!island?.hasAttribute('ssr')) return void send();
  new MutationObserver((_changes, observer) => {
    observer.disconnect();
    // The island's own start comes first.
    setTimeout(send);
  }).observe(island, { attributeFilter: ['ssr'] });
}

async function copy(button: HTMLElement, text: string): Promise<void> {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed here'; // no permission: the text can still be selected
  }
  setTimeout(() => (button.textContent = words), 1_500);
}

document.addEventListener('click', (event) => {
  const button =
    event.target instanceof Element
      ? event.target.closest<HTMLElement>('[data-run], [data-copy]')
      : null;
  const { run, copy: text } = button?.dataset ?? {};
  if (run !== undefined) for (const line of run.split('\n')) type(line);
  else if (button && text !== undefined) void copy(button, text);
});
