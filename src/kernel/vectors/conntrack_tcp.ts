/// Vectors of TCP connection tracking: packets one after the other, with what the hook made of each.
/// They run through the functions that the host's hooks call.
import { boot } from '../boot.ts';
import { confirmEntry, nf_conntrack_in } from '../netfilter/conntrack/core.ts';
import { loadConntrack } from '../netfilter/conntrack/module.ts';
import { createCtPacket } from '../netfilter/conntrack/packet.ts';
import { expiresIn } from '../netfilter/conntrack/table.ts';
import { TCP_STATE_NAMES } from '../netfilter/conntrack/tcp_states.ts';
import { nf_ct_invert_tuple } from '../netfilter/conntrack/tuple.ts';
import { IPS_ASSURED, type CtPacket, type Tuple } from '../netfilter/conntrack/types.ts';
import { NF_ACCEPT, NF_INET_PRE_ROUTING } from '../netfilter/types.ts';
import type { Kernel } from '../state.ts';
import { bareHost, differs } from './bare_host.ts';

interface Packet {
  readonly dir: 'orig' | 'reply';
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  readonly len: number;
  readonly verdict: string;
  readonly ctinfo: string;
  readonly state?: string;
  readonly timeout_s?: number;
  readonly assured?: number;
}

interface Case {
  readonly packets: readonly Packet[];
}

const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };
const CTINFO = ['ESTABLISHED', 'RELATED', 'NEW', 'ESTABLISHED_REPLY', 'RELATED_REPLY'];

const ORIGINAL_TUPLE: Tuple = {
  ...{ family: 2, proto: 6, saddr: '10.1.1.1', daddr: '10.1.1.2' },
  ...{ src: 0x0a01_0101, dst: 0x0a01_0102, sport: 1234, dport: 80 },
};

export function run(given: unknown): string | null {
  const k = boot(bareHost(1, 250), 1);
  loadConntrack(k);
  for (const [i, packet] of (given as Case).packets.entries()) {
    const { dir, flags, seq, ack, len, ...wanted } = packet;
    const p = packetOf(packet);
    const verdict = nf_conntrack_in(k, k.cpus[0]!, p);
    const wrong = differs(
      `packet ${i} (${dir} ${flags} ${seq} ${ack} ${len})`,
      seen(k, p, verdict),
      wanted,
    );
    if (wrong !== null) return wrong;
  }
  return null;
}

function packetOf({ dir, flags, seq, ack, len }: Packet): CtPacket {
  const p = createCtPacket();
  p.hook = NF_INET_PRE_ROUTING;
  if (dir === 'orig') p.tuple = { ...ORIGINAL_TUPLE };
  else nf_ct_invert_tuple(p.tuple, ORIGINAL_TUPLE);
  p.slot = dir === 'orig' ? 0 : 1;
  p.seq = seq;
  p.ack_seq = ack;
  p.payload = len;
  p.len = len + 40;
  p.window = 500;
  for (const letter of flags) p.flags |= FLAGS[letter]!;
  p.options = flags.includes('S');
  if (p.options) p.wscale = 7;
  return p;
}

// What the hooks have made of a packet, confirmation included.
function seen(k: Kernel, p: CtPacket, verdict: number): object {
  const said = verdict === NF_ACCEPT ? 'ACCEPT' : 'DROP';
  if (p.entry < 0) return { verdict: said, ctinfo: 'INVALID' };
  confirmEntry(k, k.cpus[0]!, p.entry, p.ctinfo);
  const entry = k.nf.ct!.entries[p.entry]!;
  return {
    verdict: said,
    ctinfo: CTINFO[p.ctinfo],
    state: TCP_STATE_NAMES[entry.tcp!.state],
    timeout_s: expiresIn(k, entry) / k.desc.hz,
    assured: entry.status & IPS_ASSURED ? 1 : 0,
  };
}
