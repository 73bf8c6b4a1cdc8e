// Sets the reader's stored choice of light or dark before the first paint. A classic script of its
// own, because the content security policy allows no inline script.
try {
  var choice = localStorage.getItem('softnet-theme');
  if (choice === 'light' || choice === 'dark') document.documentElement.dataset.theme = choice;
} catch {
  // Storage refused: the system's preference stands.
}
