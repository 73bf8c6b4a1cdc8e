/// bridge, of iproute2 6.15: ports and forwarding tables of bridges.
/// Left out: changes, VLANs, multicast groups, monitoring, JSON.
import { liveEntries } from '../../kernel/bridge/br_fdb.ts';
import { BR_STATES } from '../../kernel/bridge/br_port.ts';
import type { FdbEntry } from '../../kernel/links.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { linkFlags } from '../ip/link_record.ts';

const OBJECTS = ['link', 'fdb', 'mdb', 'mst', 'vlan', 'vni', 'monitor', 'help'];

function* run(io: Io): Running {
  const words = io.argv.slice(1);
  while (words[0]?.startsWith('-')) {
    const option = words.shift()!;
    if ('-Version'.startsWith(option) && option.length > 1) {
      yield* io.out.line('bridge utility, 6.15.0');
      return 0;
    }
    if (!['-s', '-d', '-stats', '-details'].includes(option)) return yield* absent(io, option);
  }
  const [typed = 'help', verb = 'show', ...rest] = words;
  const object = OBJECTS.find((name) => name.startsWith(typed));
  if (object === undefined) {
    yield* io.err.line(`Object "${typed}" is unknown, try "bridge help".`);
    return 255;
  }
  if (!'show'.startsWith(verb) && !'list'.startsWith(verb))
    return yield* absent(io, `${object} ${verb}`);
  if (object === 'link') return yield* showLinks(io, nameIn(rest, 'dev'));
  if (object === 'fdb') return yield* showFdb(io, nameIn(rest, 'br'), nameIn(rest, 'dev'));
  if (object === 'vlan') return yield* showVlans(io);
  return yield* absent(io, object);
}

function* absent(io: Io, what: string): Running {
  yield* io.err.line(`softnet: not modelled here: bridge ${what}`);
  return 1;
}

function nameIn(words: readonly string[], key: string): string | null {
  const at = words.indexOf(key);
  return at < 0 ? null : (words[at + 1] ?? null);
}

function ports(k: Kernel): NetDevice[] {
  return k.devs.filter((dev) => dev.links.port !== null);
}

function* showLinks(io: Io, name: string | null): Running {
  for (const dev of ports(io.k)) {
    if (name !== null && dev.name !== name) continue;
    const master = io.k.devs[dev.links.master]!.name;
    const state = BR_STATES[dev.links.port!.state]!;
    yield* io.out.line(
      `${dev.ifindex}: ${dev.name}: <${linkFlags(dev).join(',')}> mtu ${dev.mtu} master ${master} ` +
        `state ${state} priority 32 cost ${pathCost(dev)} `,
    );
  }
  return 0;
}

/// By the link's speed. net/bridge/br_if.c:port_cost()
function pathCost(dev: NetDevice): number {
  const costs: Readonly<Record<number, number>> = {
    10000: 2,
    5000: 3,
    2500: 4,
    1000: 5,
    100: 19,
    10: 100,
  };
  if (dev.speed_mbps > 10_000) return 1;
  return costs[dev.speed_mbps] ?? 100;
}

function* showFdb(io: Io, br: string | null, name: string | null): Running {
  for (const master of io.k.devs) {
    const { bridge } = master.links;
    if (!bridge || (br !== null && master.name !== br)) continue;
    for (const entry of liveEntries(io.k, bridge)) {
      const dev = io.k.devs[entry.port]!;
      if (name === null || dev.name === name) yield* io.out.line(fdbLine(master, dev, entry));
    }
  }
  return 0;
}

function fdbLine(master: NetDevice, dev: NetDevice, entry: FdbEntry): string {
  const kind = entry.local ? 'permanent' : '';
  return `${entry.mac} dev ${dev.name} master ${master.name} ${kind}`;
}

/// Every port is an untagged member of VLAN 1 until somebody says otherwise.
function* showVlans(io: Io): Running {
  yield* io.out.line('port              vlan-id  ');
  for (const dev of io.k.devs.filter((one) => one.links.port || one.links.bridge))
    yield* io.out.line(`${dev.name.padEnd(18)}1 PVID Egress Untagged`);
  return 0;
}

export const bridge: Command = {
  name: 'bridge',
  summary: 'show ports and forwarding tables of bridges',
  usage: 'bridge { link | fdb | vlan } [show] [dev DEVICE] [br BRIDGE]',
  run,
};
