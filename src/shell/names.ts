/// File names in messages, quoted as the GNU tools quote them in the C locale.

/* eslint-disable no-control-regex -- control characters are what this file looks for */

/// Always between quotes: ls: cannot access 'x'.
export function quoted(name: string): string {
  if (/[\x00-\x1f\x7f]/.test(name)) return controlQuoted(name);
  if (!name.includes("'")) return `'${name}'`;
  if (!/["$`\\]/.test(name)) return `"${name}"`;
  return `'${name.replaceAll("'", "'\\''")}'`;
}

/// Between quotes only where a shell would need them: cat: x: No such file or directory.
export function bare(name: string): string {
  const plain =
    name !== '' && !/[\x00-\x20\x7f!"$&'()*;<=>?[\\^`|]/.test(name) && !/^[~#]|^[{}]$/.test(name);
  return plain ? name : quoted(name);
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
  '\v': '\\v',
  '\f': '\\f',
  '\b': '\\b',
  '\x07': '\\a',
};

// Control characters leave the quotes: 'a'$'\n''b'.
function controlQuoted(name: string): string {
  const parts = name.split(/([\x00-\x1f\x7f]+)/);
  return parts
    .map((part, i) => {
      if (i % 2 === 0) return part === '' && i > 0 ? '' : `'${part.replaceAll("'", "'\\''")}'`;
      const inner = [...part].map(
        (ch) => escapes[ch] ?? '\\' + ch.charCodeAt(0).toString(8).padStart(3, '0'),
      );
      return `$'${inner.join('')}'`;
    })
    .join('');
}
