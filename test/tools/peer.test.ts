import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { spawn } from '../../src/kernel/apps.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { advancePeer, openPeer, peerDoes, staysBehind } from '../../tools/conformance/peer.ts';

const SECOND = 1e9;
const CLOSE_WAIT = 8;

function listening(port: number, reads: boolean): Kernel {
  const k = boot(hosts['virtio']!, 1);
  const app = { comm: 'server', uid: 0, cpu: -1, proto: 'tcp' as const, service_ns: 0 };
  spawn(k, { ...app, port, reads, backlog: 64 });
  return k;
}

function connections(k: Kernel) {
  return k.socks.filter((sk) => sk.tcp !== null);
}

describe('the recorded peer', () => {
  it('pings as often as it was told, and is answered', () => {
    const k = listening(80, false);
    peerDoes(k, openPeer(), 'ping -c 3 -i 0.2 10.0.0.2 | tail -2', 9);
    expect(k.mib['IcmpInEchos']).toBe(3);
    expect(k.mib['IcmpOutEchoReps']).toBe(3);
    expect(k.now).toBe(0.6 * SECOND);
  });

  it('floods with SYNs that carry no options', () => {
    const k = listening(8080, false);
    const line = 'hping3 -S -p 8080 -c 20 -i u2000 -a 10.0.0.77 10.0.0.2 2>&1 | tail -3';
    peerDoes(k, openPeer(), line, 1);
    const half = k.reqs.filter((req) => req.listener >= 0);
    expect(half).toHaveLength(20);
    expect(new Set(half.map((req) => req.mss))).toEqual(new Set([536]));
    expect(half.some((req) => req.tstamp_ok || req.wscale_ok)).toBe(false);
  });

  it("runs iperf3's two connections in the background, and closes them at the end", () => {
    const k = listening(5201, true);
    const peer = openPeer();
    peerDoes(k, peer, 'iperf3 -c 10.0.0.2 -t 12 -b 5M &', 1);
    expect(k.now).toBe(0);
    advancePeer(k, peer, 2 * SECOND);
    const [control, data] = connections(k);
    expect(control!.tcp!.bytes_received).toBe(185); // as recorded
    expect(data!.tcp!.bytes_received).toBe(37 + 10 * 131072); // a block in each 0.21 s
    advancePeer(k, peer, 13 * SECOND);
    expect(connections(k).map((sk) => sk.state)).toEqual([CLOSE_WAIT, CLOSE_WAIT]);
  });

  it('knows which commands go on while the next is typed', () => {
    expect(staysBehind('iperf3 -s -1 -p 5201 &')).toBe(true);
    expect(staysBehind('./udpflood 10.0.0.2 9 300 100 4')).toBe(false);
  });
});
