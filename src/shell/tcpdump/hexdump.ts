/// What -x, -X and -A print under a packet's line. Stands for print-ascii.c of tcpdump 4.99.

const PER_LINE = 16;

/// Lines of hexadecimal pairs with their offset, each on a new line; `characters`: with the text beside them.
export function hexDump(bytes: Uint8Array, characters: boolean): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const row = bytes.subarray(at, at + PER_LINE);
    let hex = '';
    for (const [i, byte] of row.entries())
      hex += (i % 2 === 0 ? ' ' : '') + byte.toString(16).padStart(2, '0');
    const offset = `\n\t0x${at.toString(16).padStart(4, '0')}: `;
    text += offset + (characters ? `${hex.padEnd(40)}  ${row.reduce(graphic, '')}` : hex);
  }
  return text;
}

function graphic(text: string, byte: number): string {
  return text + (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.');
}

/// The bytes as text from a new line on: what is no printing character is a dot, but blanks stay.
export function asciiDump(bytes: Uint8Array): string {
  let text = '\n';
  for (const [i, byte] of bytes.entries()) {
    if (byte === 13) text += bytes[i + 1] === 10 ? '' : '.';
    else if (byte === 9 || byte === 10 || byte === 32) text += String.fromCharCode(byte);
    else text = graphic(text, byte);
  }
  return text;
}
