/// Addresses as text, as numbers and as bytes.
/// Left out: IPv4 addresses inside IPv6 ones (::ffff:10.0.0.1), zones (fe80::1%eth0).

/// The bytes of an IPv4 or IPv6 address in network order: 4 or 16.
export function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [front = '', back] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const before = groups(front);
  const after = groups(back ?? '');
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]);
}

/// An IPv6 address as the kernel and the tools print it (RFC 5952): the longest row of zero groups is ::.
export function addressText6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  let from = -1;
  let most = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > most) [from, most] = [i, n];
  }
  const text = (some: readonly number[]): string => some.map((one) => one.toString(16)).join(':');
  if (from < 0) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + most))}`;
}

/// The one form of an address that everything here compares by; null when the text is none of IPv6.
export function address6(text: string): string | null {
  const [front = '', back, ...more] = text.toLowerCase().split('::');
  const groups = [front, back ?? ''].flatMap((half) => (half === '' ? [] : half.split(':')));
  const whole = back === undefined ? groups.length === 8 : groups.length < 8;
  if (!whole || more.length > 0 || !groups.every((group) => /^[0-9a-f]{1,4}$/.test(group)))
    return null;
  return addressText6(addressBytes(text));
}

/// fe80::/10 in that form: an address that means something on its own link only.
export function isLinkLocal6(text: string): boolean {
  return /^fe[89ab].:/.test(text);
}
