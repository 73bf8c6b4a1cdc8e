/// Log lines about packets that belong to no connection, when net.netfilter.nf_conntrack_log_invalid asks
/// for them and a logger is there. Stands for nf_l4proto_log_invalid() in
/// net/netfilter/nf_conntrack_proto.c.
import type { Cpu, Kernel } from '../../state.ts';
import { nf_log_packet } from '../nf_log.ts';
import { isSent } from './packet.ts';
import { tableOf } from './table.ts';
import type { CtPacket } from './types.ts';

const IPPROTO_RAW = 255;

export function logInvalid(k: Kernel, c: Cpu, p: CtPacket, proto: number, why: string): void {
  const wanted = tableOf(k).settings.log_invalid;
  if (wanted === 0 || (wanted !== proto && wanted !== IPPROTO_RAW)) return;
  if (!k.nf.modules.includes('nf-logger')) return;
  const prefix = `nf_ct_proto_${proto}: ${why} `;
  const dev = k.skbs.dev[p.skb]!;
  const [indev, outdev] = isSent(p.skb) ? [-1, dev] : [dev, -1];
  nf_log_packet(k, c, p.skb, indev, outdev, { kind: 'log', prefix, level: 4, flags: 0 });
}
