/// The addresses of a device: those that were given to it, and the IPv6 ones that the kernel makes.
/// Left out: lifetimes, labels, peers, duplicate address detection.
import { isLinkLocal6 } from '../../kernel/address.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Json } from '../json_writer.ts';
import type { Piece } from '../marked.ts';
import { parsePrefix } from './prefix.ts';
import { paint, type Style } from './style.ts';

export interface Address {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly length: number; // prefix length
  readonly scope: 'host' | 'link' | 'global';
  readonly secondary: boolean;
  readonly protocol: string; // kernel_ll, kernel_lo; '' none
}

/// All addresses of a device that the style's family lets through, in the kernel's order.
export function addressesOf(_k: Kernel, dev: NetDevice, style: Pick<Style, 'family'>): Address[] {
  const loopback = dev.driver === '';
  const four = dev.addrs.map((text, i): Address => {
    const { address, length } = parsePrefix(text)!;
    const secondary = dev.addrs.slice(0, i).some((earlier) => sameNet(earlier, text));
    const scope = loopback ? 'host' : 'global';
    return { family: 'inet', local: address, length, scope, secondary, protocol: '' };
  });
  const own: Address[] = !dev.up ? [] : [loopback ? LOOPBACK6 : linkLocal(dev.mac)];
  const given = dev.addrs6.map(given6);
  const six = loopback ? [...own, ...given] : [...given, ...own];
  return [...four, ...six].filter((one) => style.family === 'any' || style.family === one.family);
}

function given6(text: string): Address {
  const [local = '', length = '128'] = text.split('/');
  const scope = isLinkLocal6(local) ? 'link' : 'global';
  const rest = { scope, secondary: false, protocol: '' } as const;
  return { family: 'inet6', local, length: Number(length), ...rest };
}

const LOOPBACK6: Address = {
  family: 'inet6',
  local: '::1',
  length: 128,
  scope: 'host',
  secondary: false,
  protocol: 'kernel_lo',
};

function sameNet(a: string, b: string): boolean {
  const one = parsePrefix(a)!;
  const other = parsePrefix(b)!;
  return one.length === other.length && one.network === other.network;
}

/// The address that the kernel makes of a MAC address (EUI-64, RFC 4291 appendix A).
function linkLocal(mac: string): Address {
  const b = mac.split(':').map((pair) => Number.parseInt(pair, 16));
  const words = [
    [b[0]! ^ 2, b[1]!],
    [b[2]!, 0xff],
    [0xfe, b[3]!],
    [b[4]!, b[5]!],
  ].map(([high, low]) => ((high! << 8) | low!).toString(16));
  return {
    family: 'inet6',
    local: `fe80::${words.join(':')}`,
    length: 64,
    scope: 'link',
    secondary: false,
    protocol: 'kernel_ll',
  };
}

/// The interface identifier of a device's link-local address, as in its solicited-node group.
export function linkLocalOf(dev: NetDevice): string {
  return linkLocal(dev.mac).local;
}

export function addressLines(dev: NetDevice, one: Address, style: Style): Piece[][] {
  const words = [
    `/${one.length} scope ${one.scope} `,
    one.secondary ? 'secondary ' : '',
    one.protocol ? `proto ${one.protocol} ` : '',
    one.family === 'inet' ? dev.name : '',
  ];
  return [
    [`    ${one.family} `, paint(style, one.family, one.local), words.join('')],
    ['       valid_lft forever preferred_lft forever'],
  ];
}

export function briefAddresses(k: Kernel, dev: NetDevice, style: Style): string {
  return addressesOf(k, dev, style)
    .map((one) => `${paint(style, one.family, one.local)}/${one.length} `)
    .join('');
}

export function addressJson(dev: NetDevice): (one: Address) => Json {
  return (one) => ({
    family: one.family,
    local: one.local,
    prefixlen: one.length,
    scope: one.scope,
    ...(one.secondary && { secondary: true }),
    ...(one.protocol && { protocol: one.protocol }),
    ...(one.family === 'inet' && { label: dev.name }),
    valid_life_time: 4294967295,
    preferred_life_time: 4294967295,
  });
}
