/// Sockets: memory of protocols, raw sockets, checksums, applications that come and go.
import { describe, expect, it } from 'vitest';
import { endApp, spawn } from '../../src/kernel/apps.ts';
import { boot } from '../../src/kernel/boot.ts';
import { bootSysctls, hashSizes } from '../../src/kernel/boot_defaults.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { openRaw, raw_local_deliver, raw_recvmsg } from '../../src/kernel/raw.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_BAD_CSUM, setHead, takeSkb } from '../../src/kernel/skb.ts';
import { createSock } from '../../src/kernel/sock.ts';
import {
  __sk_mem_reclaim,
  __sk_mem_schedule,
  SK_MEM_RECV,
  sk_rmem_schedule,
} from '../../src/kernel/sock_mem.ts';
import type { Kernel, Skb } from '../../src/kernel/state.ts';
import { initialSysctls, writeSysctl } from '../../src/kernel/sysctl.ts';
import { udp_rcv } from '../../src/kernel/udp.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import { host, ms, traffic } from './hosts.ts';

function bare(): Kernel {
  return boot(bareHost(2, 250), 1);
}

/// A datagram of 10.0.0.1 with that many bytes of payload, built as a driver builds it.
function datagram(k: Kernel, flow: number, payload: number, flags = 0): Skb {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  const len = 42 + payload;
  pool.flow[skb] = flow;
  pool.flags[skb] = flags;
  pool.dev[skb] = 0;
  pool.len[skb] = len;
  setHead(pool, skb, 1728, 64 + len, 0, 0);
  k.ledger.offered++;
  return skb;
}

function udpFlow(k: Kernel, dport: number): number {
  return addFlow(k, { dev: 0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 4000, dport });
}

describe('memory of a protocol', () => {
  it('moves the common counter only when a CPU has taken mem_pcpu_rsv pages', () => {
    const k = bare();
    const sk = createSock(k, 0, 1, 212992);
    const c = k.cpus[0]!;
    expect(__sk_mem_schedule(k, c, sk, 255 * 4096, SK_MEM_RECV)).toBe(true);
    expect([k.udp_memory_allocated, c.udp_fw_alloc]).toEqual([0, 255]);
    __sk_mem_schedule(k, c, sk, 1, SK_MEM_RECV);
    expect([k.udp_memory_allocated, c.udp_fw_alloc]).toEqual([256, 0]);
    __sk_mem_reclaim(k, k.cpus[1]!, sk, 256 * 4096);
    expect([k.udp_memory_allocated, k.cpus[1]!.udp_fw_alloc]).toEqual([0, 0]);
  });

  it('refuses UDP above the first value of udp_mem, except to a socket that holds little', () => {
    const k = bare();
    const c = k.cpus[0]!;
    writeSysctl(k, 'net.ipv4.udp_mem', '100 200 600');
    const big = createSock(k, 0, 1, 212992);
    big.rmem_alloc = 50_000;
    expect(__sk_mem_schedule(k, c, big, 300 * 4096, SK_MEM_RECV)).toBe(false);
    expect(big.forward_alloc).toBe(0);
    expect(k.udp_memory_allocated + c.udp_fw_alloc).toBe(0);
    const small = createSock(k, 0, 2, 212992);
    expect(__sk_mem_schedule(k, c, small, 300 * 4096, SK_MEM_RECV)).toBe(true);
  });

  it('puts TCP under pressure above the second value of tcp_mem, and counts how long', () => {
    const k = bare();
    const c = k.cpus[0]!;
    k.now = 1000 * ms;
    writeSysctl(k, 'net.ipv4.tcp_mem', '300 400 900');
    const sk = createSock(k, 0, 1, 131072, 'tcp');
    expect(__sk_mem_schedule(k, c, sk, 500 * 4096, SK_MEM_RECV)).toBe(true);
    expect(k.mib['TcpExtTCPMemoryPressures']).toBe(1);
    k.now += 400 * ms;
    __sk_mem_reclaim(k, c, sk, 500 * 4096);
    expect(k.tcp_memory_pressure).toBe(0);
    expect(k.mib['TcpExtTCPMemoryPressuresChrono']).toBe(400);
  });

  it('is not counted for raw sockets', () => {
    const k = bare();
    const sk = createSock(k, 0, 1, 212992, 'raw');
    expect(sk_rmem_schedule(k, k.cpus[0]!, sk, 1 << 28)).toBe(true);
    expect(k.cpus[0]!.udp_fw_alloc).toBe(0);
  });

  it.each(['igb', 'virtio', 'mixed', 'laptop', 'wide'])(
    'of the recorded host %s follows from its memory',
    (profile) => {
      const desc = hosts[profile]!;
      const recorded = initialSysctls(desc);
      for (const [name, value] of Object.entries(bootSysctls(desc.memory_mib, desc.buffer_pages)))
        expect([name, value]).toEqual([name, recorded[name]]);
      expect(hashSizes(desc.memory_mib).ehash / 2).toBe(
        Number(recorded['net.ipv4.tcp_max_orphans']),
      );
    },
  );

  it('of a host that was not recorded is that of its memory, not of another host', () => {
    const limits = (profile: string, more = {}): string[] => {
      const { sysctl } = boot({ ...hosts[profile]!, ...more }, 1);
      return ['tcp_mem', 'udp_mem'].map((name) => sysctl[`net.ipv4.${name}`]!);
    };
    expect(limits('classic')).toEqual(limits('laptop'));
    expect(limits('arm64-gem')).toEqual(limits('laptop'));
    for (const server of ['ixgbe', 'ice', 'mlx5', 'ena'])
      expect(limits(server)).toEqual(limits('igb'));
    const small = { memory_mib: 96, buffer_pages: 18_777 };
    expect(limits('igb', small)).toEqual(['879\t1173\t1758', '1758\t2347\t3516']);
    const { sysctl, hot } = boot({ ...hosts['igb']!, ...small }, 1);
    expect(sysctl['net.ipv4.tcp_rmem']).toBe('4096\t131072\t600864');
    expect(hot.tcp.wmem).toEqual([4096, 16384, 600864]);
    expect(hot.udp_mem_max).toBe(3516);
  });
});

describe('a raw socket', () => {
  it('gets a copy of each packet of its protocol, charged until it is read', () => {
    const k = bare();
    const sk = k.socks[openRaw(k, 0, 17, 0)]!;
    const c = k.cpus[0]!;
    const skb = datagram(k, udpFlow(k, 9), 100);
    expect(raw_local_deliver(k, c, skb)).toBe(true);
    expect(sk.rmem_alloc).toBe(k.skbs.truesize[skb]);
    expect(raw_recvmsg(sk)).toBe(128); // IP and UDP headers included
    expect(sk.rmem_alloc).toBe(0);
    expect(raw_recvmsg(sk)).toBe(-1);
  });

  it('drops copies when its buffer is full, and the packet itself goes on', () => {
    const k = bare();
    const sk = k.socks[openRaw(k, 0, 17, 2000)]!;
    const c = k.cpus[0]!;
    const flow = udpFlow(k, 9);
    for (let i = 0; i < 5; i++) {
      const skb = datagram(k, flow, 100);
      raw_local_deliver(k, c, skb);
      udp_rcv(k, c, skb);
    }
    expect(sk.qlen).toBe(2);
    expect(sk.drops).toBe(3);
    expect(k.mib.UdpNoPorts).toBe(5);
    checkLedger(k);
  });

  it('does not see other protocols', () => {
    const k = bare();
    openRaw(k, 0, 1, 0);
    expect(raw_local_deliver(k, k.cpus[0]!, datagram(k, udpFlow(k, 9), 100))).toBe(false);
  });
});

describe('a wrong UDP checksum', () => {
  it('is found at once in a short datagram, and when it is read in a long one', () => {
    const k = host({ apps: [{ service_ns: 0 }] });
    const flow = udpFlow(k, 9000);
    k.flows.dev[flow] = 1;
    udp_rcv(k, k.cpus[0]!, datagram(k, flow, 60, FLAG_BAD_CSUM));
    expect(k.mib.UdpInCsumErrors).toBe(1);
    udp_rcv(k, k.cpus[0]!, datagram(k, flow, 1000, FLAG_BAD_CSUM));
    expect(k.mib.UdpInCsumErrors).toBe(1);
    advance(k, ms);
    expect(k.mib.UdpInCsumErrors).toBe(2);
    expect(k.mib.UdpInErrors).toBe(2);
    expect(k.mib.UdpInDatagrams).toBe(0);
    expect(k.ledger.drops[REASON.UDP_CSUM]).toBe(2);
    checkLedger(k);
  });
});

describe('an application', () => {
  it('comes with its socket and takes it away; what it had not read is dropped', () => {
    const k = host();
    const app = { comm: 'udpsink', uid: 0, cpu: -1, proto: 'udp' as const, port: 7777 };
    const task = spawn(k, { ...app, reads: false, service_ns: 0, pid: 4242 });
    traffic(k, { pps: 10_000, len: 128, dport: 7777 });
    advance(k, 5 * ms);
    const sk = k.socks[k.tasks[task as number]!.sock]!;
    expect(sk.qlen).toBeGreaterThan(40);
    expect(spawn(k, { ...app, reads: false, service_ns: 0 })).toBe('EADDRINUSE');
    const waiting = sk.qlen;
    endApp(k, 4242);
    expect(k.ledger.drops[REASON.NOT_SPECIFIED]).toBe(waiting);
    expect(k.tasks[task as number]!.exited).toBe(true);
    advance(k, 10 * ms);
    expect(k.mib.UdpNoPorts).toBeGreaterThan(40);
    checkLedger(k);
  });

  it('that has SO_REUSEPORT shares the load with its fellows', () => {
    const k = host();
    const app = { comm: 'udpsink', uid: 0, cpu: -1, proto: 'udp' as const, port: 7777 };
    for (let i = 0; i < 4; i++)
      spawn(k, { ...app, reads: true, service_ns: 1000, reuseport: true });
    traffic(k, { pps: 100_000, len: 128, dport: 7777, flows: 64 });
    advance(k, 20 * ms);
    const received = k.socks.map((sk) => sk.received);
    expect(received).toHaveLength(4);
    for (const count of received) expect(count).toBeGreaterThan(100);
    checkLedger(k);
  });
});
