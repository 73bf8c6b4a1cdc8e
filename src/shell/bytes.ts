/// Text as bytes. The shell's text is UTF-16; on the host it is UTF-8. A byte that is not part of
/// valid UTF-8 (what `xxd -r` or `printf '\xff'` makes) travels as the lone surrogate U+DC80..U+DCFF
/// that holds its low seven bits, and turns into the byte again here.

/// How many bytes the text is on the host.
export function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isRawByte(unit) && !isLead(text.charCodeAt(i - 1))) bytes += 1;
    else if (isLead(unit) && isTrail(text.charCodeAt(i + 1))) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

const isRawByte = (unit: number): boolean => unit >= 0xdc80 && unit <= 0xdcff;
const isLead = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isTrail = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(byteLength(text));
  let at = 0;
  for (const ch of text) {
    const point = ch.codePointAt(0) ?? 0;
    if (point < 0x80) bytes[at++] = point;
    else if (isRawByte(point)) bytes[at++] = point & 0xff;
    else at = encode(bytes, at, point);
  }
  return bytes;
}

function encode(bytes: Uint8Array, from: number, point: number): number {
  let at = from;
  if (point < 0x800) bytes[at++] = 0xc0 | (point >> 6);
  else {
    if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12);
    else {
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 63);
    }
    bytes[at++] = 0x80 | ((point >> 6) & 63);
  }
  bytes[at++] = 0x80 | (point & 63);
  return at;
}

export function fromBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length;) {
    const [point, length] = decode(bytes, i);
    parts.push(String.fromCodePoint(point));
    i += length;
  }
  return parts.join('');
}

/// The character that begins at `at` and its length; a raw byte where it is not valid UTF-8.
function decode(bytes: Uint8Array, at: number): [number, number] {
  const first = bytes[at] as number;
  if (first < 0x80) return [first, 1];
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let point = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return [0xdc00 | first, 1];
    point = (point << 6) | (next & 63);
  }
  const shortest = [0, 0, 0x80, 0x800, 0x10000][length] as number;
  const valid =
    first >= 0xc2 &&
    point >= shortest &&
    point <= 0x10ffff &&
    !(point >= 0xd800 && point <= 0xdfff);
  return valid ? [point, length] : [0xdc00 | first, 1];
}
