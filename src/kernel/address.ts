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
