/// Puts a share link into the address bar and the clipboard.

/// The page's address with that hash. Copies it where the browser allows it: `copied` says so.
export async function copyLink(hash: string): Promise<{ url: string; copied: boolean }> {
  const url = location.href.replace(/#.*$/s, '') + hash;
  history.replaceState(history.state, '', url);
  try {
    await navigator.clipboard.writeText(url);
    return { url, copied: true };
  } catch {
    return { url, copied: false }; // no permission, or no clipboard at all
  }
}
