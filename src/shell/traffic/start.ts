/// traffic start: the words after it, as a sender's specification.
import { address6 } from '../../kernel/address.ts';
import type { Protocol } from '../../kernel/frame_shape.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { SourceSpec } from '../../kernel/traffic.ts';
import type { Words } from './settings.ts';

const HEADER_AND_FCS = 18;
const PREAMBLE_AND_GAP = 20;
const VLAN_HLEN = 4;
const SHORTEST6 = 14 + 40 + 8 + 4; // Ethernet, IPv6, UDP, FCS
const DEFAULT_RATE = 100_000;
const DEFAULT_PORT = 9000;

/// A sender's specification; or a sentence about what is wrong.
export function parseStart(
  k: Kernel,
  kind: Protocol,
  asked: Words,
  words: readonly string[],
): SourceSpec | string {
  const dev = wireOf(k, asked.dev);
  return typeof dev === 'string' ? dev : specOf(k, kind, dev, asked, words);
}

/// The device of that name, or the first that has a wire; or a sentence about what is wrong.
export function wireOf(k: Kernel, name: string): number | string {
  const index = name
    ? k.devs.findIndex((dev) => dev.name === name)
    : k.devs.findIndex((dev) => dev.path >= 0);
  const dev = k.devs[index];
  if (!dev) return `no device '${name}'`;
  return dev.path < 0 ? `${dev.name} has no wire` : index;
}

function specOf(
  k: Kernel,
  kind: Protocol,
  index: number,
  asked: Words,
  words: readonly string[],
): SourceSpec | string {
  const dev = k.devs[index]!;
  const trouble =
    addressTrouble(asked) ?? sizeTrouble(dev, kind, asked) ?? optionTrouble(dev, asked);
  if (trouble) return trouble;
  const pps = rateOf(dev, asked);
  if (typeof pps === 'string') return pps;
  const spread =
    asked.pattern === 'burst' || asked.pattern === 'onoff' || asked.pattern === 'pareto';
  return {
    dev: index,
    proto: kind,
    pattern: asked.pattern,
    pps,
    len: asked.size,
    burst: asked.burst,
    period_ns: spread ? (asked.every ?? 10_000_000) : 0,
    flows: asked.flows,
    sources: asked.sources ?? 1,
    sport: asked.sport,
    dport: asked.port ?? DEFAULT_PORT,
    ports: asked.ports,
    v6: asked.ip === 6,
    ...(asked.to !== '' && { daddr: address6(asked.to) ?? asked.to }),
    ttl: asked.ttl,
    tos: asked.tos,
    vlan: asked.vlan,
    ...(asked.hopopts && { hopopts: asked.hopopts }),
    ...(asked.dstopts && { dstopts: asked.dstopts }),
    mtu: asked.mtu ?? dev.mtu,
    train: asked.train ?? 1,
    ...(asked.count !== null && { limit: asked.count }),
    ...(asked.for !== null && { stop_at: k.now + asked.for }),
    bad_fcs: asked.badFcs,
    bad_ip: asked.badIp,
    bad_header: asked.badHeader,
    bad_csum: asked.badCsum,
    foreign: asked.foreign,
    label: [kind, ...words].join(' '),
  };
}

/// What is wrong with the address and the ports that were asked for; null: nothing.
export function addressTrouble({ to, ip, port: asked, ports }: Words): string | null {
  const port = asked ?? DEFAULT_PORT;
  if (port + ports - 1 > 65_535) return `--ports ${ports} from ${port} on go beyond 65535`;
  if (to === '') return null;
  const four = /^\d{1,3}(\.\d{1,3}){3}$/.test(to) && to.split('.').every((byte) => +byte <= 255);
  const six = address6(to) !== null;
  if (!four && !six) return `--to needs an address, not '${to}'`;
  return six === (ip === 6) ? null : `--to ${to} is no IPv${ip} address`;
}

/// Extension headers are of IPv6, and whole here: a fragment would have to carry them too.
function optionTrouble(dev: NetDevice, asked: Words): string | null {
  const option = asked.hopopts ? '--hop-by-hop' : asked.dstopts ? '--dest-options' : null;
  if (option === null) return null;
  if (asked.ip !== 6) return `${option} needs --ip 6`;
  const whole = asked.size <= (asked.mtu ?? dev.mtu) + HEADER_AND_FCS;
  const least = SHORTEST6 + lengthOf(asked.hopopts) + lengthOf(asked.dstopts);
  if (asked.size < least) return `--size ${asked.size} is less than the headers take: ${least}`;
  return whole ? null : `${option} in fragments is not modelled here`;
}

/// Bytes of an extension header with so many options.
function lengthOf(types: readonly number[] | null): number {
  return types === null ? 0 : Math.ceil((2 + 4 * types.length) / 8) * 8;
}

/// Datagrams beyond the sender's MTU come in fragments; ARP cannot.
function sizeTrouble(dev: NetDevice, kind: Protocol, asked: Words): string | null {
  const largest = (asked.mtu ?? dev.mtu) + HEADER_AND_FCS;
  if (asked.size <= largest) return null;
  if (kind === 'arp') return `--size ${asked.size} is more than a frame of ARP takes: ${largest}`;
  const least = 1280; // no link of IPv6 takes less
  const mtu = asked.mtu ?? dev.mtu;
  if (asked.ip === 4 || mtu >= least) return null;
  return `--mtu ${mtu} is less than IPv6 needs: ${least}`;
}

/// Frames a second; a burst without a rate comes as fast as the link.
function rateOf(dev: NetDevice, asked: Words): number | string {
  if (asked.rate === 'line') {
    if (dev.speed_mbps <= 0) return `${dev.name} has no line rate: give one such as --rate 1M`;
    const frame = Math.min(asked.size, (asked.mtu ?? dev.mtu) + HEADER_AND_FCS);
    const tag = asked.vlan > 0 ? VLAN_HLEN : 0;
    return Math.floor((dev.speed_mbps * 1e6) / 8 / (frame + tag + PREAMBLE_AND_GAP));
  }
  return asked.rate ?? (asked.pattern === 'burst' ? 0 : DEFAULT_RATE);
}
