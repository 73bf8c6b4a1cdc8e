/// What the recorded peer did, as traffic on our wire: its programs by their command lines.
/// Left out: servers (iperf3 -s: the host has no client), its settings (ip addr), packets from addresses that
/// it must first make known to the host (ping -I), and scripts that send data.
import {
  closeRemote,
  startClients,
  startSynFlood,
  startTcp,
  writeRemote,
} from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';

/// Programs of the peer that still run.
export interface Peer {
  readonly plans: { at_ns: number; remote: number; bytes: number }[]; // bytes to write; 0: it closes
}

const SECOND = 1e9;
const FCS = 4;
const UDP_HEADERS = 14 + 20 + 8;
const ECHO_FRAME = UDP_HEADERS + 56; // ping's default payload
const HPING_WINDOW = 512;
const IPERF_COOKIE = 37;
const IPERF_BLOCK = 131072;

type Program = (k: Kernel, peer: Peer, args: RegExpExecArray, seconds: number) => number;

/// Each returns how long the peer was busy with it, seconds.
const PROGRAMS: readonly (readonly [RegExp, Program])[] = [
  [/^\.\/udpflood ([\d.]+) (\d+) (\d+) (\d+)(?: (\d+))?$/, udpflood],
  [/^ping -c (\d+) -i ([\d.]+) (?:-W [\d.]+ )?([\d.]+)$/, ping],
  [/^hping3 -S -p (\d+) -c (\d+) -i u(\d+) -a ([\d.]+) ([\d.]+)$/, hping3],
  [/^iperf3 -c ([\d.]+) -t (\d+) -b (\d+)M$/, iperf3],
  [
    /for i in range\((\d+)\)[^]*setblocking\(0\)[^]*connect\(\('([\d.]+)',(\d+)\)\)[^]*sleep\((\d+)\)/,
    burst,
  ],
  [
    /for i in range\((\d+)\)[^]*settimeout\(([\d.]+)\)[^]*connect\(\('([\d.]+)',(\d+)\)\)/,
    oneByOne,
  ],
];

export function openPeer(): Peer {
  return { plans: [] };
}

/// Whether a command goes on while the next one is typed.
export function staysBehind(cmd: string): boolean {
  return cmd.trimEnd().endsWith('&') || /^ip addr [^;]*$/.test(cmd);
}

/// The peer runs a command line; the host goes on for as long as that takes. `seconds` is the time that the
/// record leaves for it.
export function peerDoes(k: Kernel, peer: Peer, cmd: string, seconds: number): void {
  for (const part of cmd.startsWith('python3') ? [cmd] : cmd.split(';')) {
    const line = part.replace(/ 2>&1| \| tail -\d+| &$/g, '').trim();
    for (const [form, program] of PROGRAMS) {
      const args = form.exec(line);
      if (args) advancePeer(k, peer, k.now + Math.round(program(k, peer, args, seconds) * SECOND));
    }
  }
}

/// The host goes on until then; programs of the peer write and close their connections on the way.
export function advancePeer(k: Kernel, peer: Peer, until_ns: number): void {
  peer.plans.sort((a, b) => a.at_ns - b.at_ns);
  while (peer.plans.length > 0 && peer.plans[0]!.at_ns <= until_ns) {
    const { at_ns, remote, bytes } = peer.plans.shift()!;
    advance(k, Math.max(k.now, at_ns));
    if (bytes > 0) writeRemote(k, remote, bytes);
    else closeRemote(k, remote);
  }
  advance(k, Math.max(k.now, until_ns));
}

/// The device on which the peer reaches that address of the host.
function deviceOf(k: Kernel, address: string): number {
  const dev = k.devs.findIndex((one) => one.addrs.some((text) => text.split('/')[0] === address));
  if (dev < 0) throw new Error(`the recorded peer sends to ${address}, which is not ours`);
  return dev;
}

function udpflood(k: Kernel, _peer: Peer, args: RegExpExecArray, seconds: number): number {
  const [dport, count, payload] = args.slice(2, 5).map(Number);
  startSource(k, {
    dev: deviceOf(k, args[1]!),
    pattern: 'constant',
    pps: Math.ceil(count! / seconds),
    len: Math.max(64, UDP_HEADERS + payload! + FCS),
    flows: Number(args[5] ?? 1),
    dport: dport!,
    limit: count!,
  });
  return seconds;
}

function ping(k: Kernel, _peer: Peer, args: RegExpExecArray): number {
  const count = Number(args[1]);
  const interval = Number(args[2]);
  startSource(k, {
    dev: deviceOf(k, args[3]!),
    pattern: 'constant',
    pps: 1 / interval,
    len: ECHO_FRAME + FCS,
    proto: 'icmp',
    limit: count,
  });
  return count * interval;
}

/// One address that nobody has, its ports in turn.
function hping3(k: Kernel, _peer: Peer, args: RegExpExecArray): number {
  const [dport, count, interval_us] = args.slice(1, 4).map(Number);
  startSynFlood(k, {
    dev: deviceOf(k, args[5]!),
    pps: 1_000_000 / interval_us!,
    sources: count!,
    saddr: args[4]!,
    dport: dport!,
    limit: count!,
    window: HPING_WINDOW,
    bare: true,
  });
  return (count! * interval_us!) / 1_000_000;
}

/// Two connections: one for control, with the cookie and the parameters of the test, one for data, which also
/// begins with the cookie and goes on with a block whenever the average is below the rate. In the record it runs
/// on in the background.
function iperf3(k: Kernel, peer: Peer, args: RegExpExecArray): number {
  const dev = deviceOf(k, args[1]!);
  const time = Number(args[2]);
  const bandwidth = Number(args[3]) * 1_000_000;
  const control = IPERF_COOKIE + 4 + iperfParameters(time, bandwidth).length;
  const parameters = startTcp(k, { dev, bytes: control, keeps: true });
  const data = startTcp(k, { dev, bytes: IPERF_COOKIE, keeps: true });
  const gap_ns = (IPERF_BLOCK * 8 * SECOND) / bandwidth;
  for (let at = 0; at < time * SECOND; at += gap_ns)
    peer.plans.push({ at_ns: k.now + Math.round(at), remote: data, bytes: IPERF_BLOCK });
  const at_ns = k.now + time * SECOND;
  for (const remote of [data, parameters]) peer.plans.push({ at_ns, remote, bytes: 0 });
  return 0;
}

/// What iperf3 3.18 tells the server of a TCP test (send_parameters() in its iperf_api.c).
function iperfParameters(time: number, bandwidth: number): string {
  return JSON.stringify({
    ...{ tcp: true, omit: 0, time, num: 0, blockcount: 0, parallel: 1, len: IPERF_BLOCK },
    ...{ bandwidth, pacing_timer: 1000, client_version: '3.18' },
  });
}

/// A script that opens connections without waiting for them, holds them a while, and ends.
function burst(k: Kernel, peer: Peer, args: RegExpExecArray): number {
  const hold = Number(args[4]);
  const rate = 50_000; // socket() and connect() take an interpreter about 20 us
  return connect(k, peer, args[2]!, Number(args[3]), rate, Number(args[1]), hold);
}

/// A script that opens connections one after another and waits for each to be closed or for its patience to
/// end; nobody answers in the recorded case, so it is always the patience.
function oneByOne(k: Kernel, peer: Peer, args: RegExpExecArray): number {
  const patience = Number(args[2]);
  const count = Number(args[1]);
  return connect(k, peer, args[3]!, Number(args[4]), 1 / patience, count, count * patience);
}

function connect(
  k: Kernel,
  peer: Peer,
  address: string,
  dport: number,
  rate: number,
  limit: number,
  hold: number,
): number {
  const remote = startClients(k, { dev: deviceOf(k, address), rate, limit, dport });
  peer.plans.push({ at_ns: k.now + Math.round(hold * SECOND), remote, bytes: 0 });
  return hold;
}
