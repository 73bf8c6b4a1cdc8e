/// A UDP socket of a program that is not scheduled as a task: sending a datagram, taking one.
/// Stands for udp_sendmsg() and udp_recvmsg() in net/ipv4/udp.c. The question for the neighbour's link address goes
/// over the wire before the first datagram, and its answer comes back; the datagram does not wait for it.
/// Left out: IPv6, fragments, options, the time that the calls take, connected sockets, the way over lo.
import { bits, stream } from '../engine/random.ts';
import { arpReplyFlow, sendArpRequest } from './arp_request.ts';
import { addFlow, addressNumber, addressText } from './flows.ts';
import type { ErrnoName } from './errno.ts';
import { countMib } from './mib.ts';
import { neighReachable, neighState, neigh_lookup, NUD_VALID } from './neighbour.ts';
import type { OutputRoute } from './route.ts';
import { createTask } from './sched/task.ts';
import { closeSock, openUdp } from './sock.ts';
import { releaseSkb } from './skb.ts';
import type { Kernel, NetDevice, Sock } from './state.ts';
import { ip_local_out, sendFrame } from './transmit.ts';
import { __skb_recv_udp, hasBadChecksum } from './udp.ts';

const HEADERS = 42; // Ethernet, IPv4, UDP
const IPPROTO_UDP = 17;
const TRIES = 100;

/// A socket bound to a port of the kernel's choice, for a program of that name.
export function openUdpProgram(k: Kernel, comm: string, uid: number): Sock {
  const spec = { comm, kind: 'other', kthread: false, uid, pinned: false } as const;
  const task = createTask(k, { ...spec, cpu: 0 });
  const [low = 32768, high = 60999] =
    k.sysctl['net.ipv4.ip_local_port_range']!.split('\t').map(Number);
  const random = stream(k.seed, `port of ${comm} ${k.tasks.length}`);
  for (let i = 0; i < TRIES; i++) {
    const port = low + ((bits(random) >>> 0) % (high - low + 1));
    const index = openUdp(k, task, port, { rcvbuf: 0 });
    if (typeof index === 'number') return k.socks[index]!;
  }
  throw new Error(`no free port between ${low} and ${high}`);
}

/// The program ends: its socket goes with what it holds.
export function closeUdpProgram(k: Kernel, sk: Sock): void {
  closeSock(k, sk);
  k.tasks[sk.reader]!.exited = true;
}

/// The flow of what comes back from that port of the receiver.
export function answerFlow(
  k: Kernel,
  sk: Sock,
  out: OutputRoute,
  daddr: number,
  port: number,
): number {
  const ends = { saddr: addressText(daddr), daddr: addressText(out.saddr) };
  return addFlow(k, { dev: out.dev, ...ends, sport: port, dport: sk.port });
}

/// Sends a datagram of `bytes` against a flow; `tftp` is what the other end understands of it. EPERM when a rule has
/// dropped it; null when it was sent, or nobody has the receiver's address.
export function udp_sendmsg(
  k: Kernel,
  out: OutputRoute,
  flow: number,
  bytes: number,
  tftp: { readonly block: number; readonly size: number },
): ErrnoName | null {
  const c = k.cpus.find((one) => one.online)!;
  c.cursor_ns = Math.max(c.cursor_ns, k.now);
  const len = HEADERS + bytes;
  const whole = { dev: out.dev, flow, proto: IPPROTO_UDP, len, arrives: 0, remote: -1, tcp: null };
  countMib(k, 'UdpOutDatagrams');
  if (!ip_local_out(k, c, whole)) return 'EPERM';
  const dev = k.devs[whole.dev]!;
  const hop = out.gw === 0 ? k.flows.saddr[flow]! : addressText(out.gw);
  askForAddress(k, dev, hop);
  if (!neighReachable(k, dev, addressNumber(hop), hop === dev.peer)) return null;
  sendFrame(k, c, { ...whole, tftp: { ...tftp } });
  return null;
}

/// Asks who has an address, where that is not known. net/ipv4/arp.c:arp_solicit()
function askForAddress(k: Kernel, dev: NetDevice, hop: string): void {
  const index = k.devs.indexOf(dev);
  const known = neigh_lookup(k, index, addressNumber(hop));
  if (known && neighState(k, known) & NUD_VALID) return;
  const own = dev.addrs[0]?.split('/')[0];
  if (own === undefined) return;
  sendArpRequest(k, index, arpReplyFlow(k, index, own, hop));
}

/// Takes the next datagram that is whole. False: there is none.
export function takeDatagram(k: Kernel, sk: Sock): boolean {
  for (;;) {
    const skb = __skb_recv_udp(k, sk);
    if (skb < 0) return false;
    const good = !hasBadChecksum(k, skb);
    k.ledger.delivered += k.skbs.segs[skb]!;
    if (good) {
      k.mib.UdpInDatagrams++;
      sk.received++;
      sk.received_bytes += k.skbs.len[skb]! - HEADERS;
    } else k.mib.UdpInCsumErrors++;
    releaseSkb(k.skbs, skb);
    if (good) return true;
  }
}
