/// ip neighbour, ip rule and ip maddress: tables that stay as the boot leaves them.
/// Left out: address resolution (nothing is sent, so nothing is asked), policy routing, groups that
/// a program joins.
import type { NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { linkLocalOf } from './addresses.ts';
import { paint, type Style } from './style.ts';
import { forbidden, incomplete, noDevice, notModelled } from './trouble.ts';

/// The neighbour table is empty: the host answers nothing and asks for no address.
export function* neighbour(io: Io, style: Style, words: readonly string[]): Running {
  const [verb = 'show', ...rest] = words;
  if (['show', 'list', 'lst', 'flush'].includes(verb)) {
    const at = rest.indexOf('dev');
    const name = at < 0 ? null : rest[at + 1];
    if (name === undefined) return yield* incomplete(io);
    if (name !== null && !io.k.devs.some((dev) => dev.name === name))
      return yield* noDevice(io, name);
    if (style.json && verb !== 'flush') yield* io.out.line('[]');
    return 0;
  }
  if (['add', 'change', 'chg', 'replace', 'del', 'delete'].includes(verb)) {
    if (io.uid !== 0) return yield* forbidden(io);
    return yield* notModelled(io, `neigh ${verb}`);
  }
  yield* io.err.line(`Command "${verb}" is unknown, try "ip neigh help".`);
  return 255;
}

const RULES = [
  ['0', 'local'],
  ['32766', 'main'],
  ['32767', 'default'],
] as const;

export function* rule(io: Io, style: Style, words: readonly string[]): Running {
  const [verb = 'show'] = words;
  if (['show', 'list', 'lst'].includes(verb)) {
    if (style.json) return yield* notModelled(io, '-j rule');
    for (const [priority, table] of RULES)
      yield* io.out.line(`${priority}:\tfrom all lookup ${table}`);
    return 0;
  }
  if (io.uid !== 0) return yield* forbidden(io);
  return yield* notModelled(io, `rule ${verb}`);
}

/// Groups that every device with IPv4 and IPv6 is in, with the link addresses they map to.
export function* maddress(io: Io, style: Style, words: readonly string[]): Running {
  const [verb = 'show', ...rest] = words;
  if (!['show', 'list', 'lst'].includes(verb)) return yield* notModelled(io, `maddress ${verb}`);
  const name = rest[0] === 'dev' ? rest[1] : rest[0];
  const chosen = io.k.devs.filter((dev) => name === undefined || dev.name === name);
  if (!chosen.length) return yield* noDevice(io, name!);
  for (const dev of chosen) {
    yield* io.out.line(`${dev.ifindex}:\t${dev.name}`);
    for (const line of groups(dev, style)) yield* io.out.line(`\t${line}`);
  }
  return 0;
}

function groups(dev: NetDevice, style: Style): string[] {
  const show = (family: Style['family'], lines: readonly string[]): readonly string[] =>
    style.family === 'any' || style.family === family ? lines : [];
  const inet = show('inet', [`inet  ${paint(style, 'inet', '224.0.0.1')}`]);
  const inet6 = ['ff02::1', 'ff01::1'].map((group) => `inet6 ${paint(style, 'inet6', group)}`);
  if (dev.driver === '') return [...inet, ...show('inet6', inet6)];
  const last = linkLocalOf(dev).split(':').slice(-2).join(':');
  const solicited = `inet6 ${paint(style, 'inet6', `ff02::1:ff${last.slice(2)}`)}`;
  const tail = dev.mac.slice(-8);
  return [
    ...show('link', [
      'link  33:33:00:00:00:01',
      'link  01:00:5e:00:00:01',
      `link  33:33:ff:${tail}`,
    ]),
    ...inet,
    ...show('inet6', [solicited, ...inet6]),
  ];
}
