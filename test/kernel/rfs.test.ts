import { afterEach, describe, expect, it } from 'vitest';
import { spawn } from '../../src/kernel/apps.ts';
import { registerDriverPath, pathAt, type DriverPath } from '../../src/kernel/driver_table.ts';
import { maskOf } from '../../src/kernel/cpumask.ts';
import { offlineCpu } from '../../src/kernel/cpu_hotplug.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { store_rps_dev_flow_table_cnt, store_rps_map } from '../../src/kernel/net_sysfs.ts';
import { startTcp } from '../../src/kernel/remote/remote_start.ts';
import {
  findFlowEntry,
  rps_record_sock_flow,
  set_rps_cpu,
  sockFlowEntry,
  sock_rps_record_flow,
  sock_rps_reset_rxhash,
  type FlowEntry,
} from '../../src/kernel/rfs.ts';
import { get_rps_cpu } from '../../src/kernel/rps.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { Kernel, RpsDevFlows, RxQueue, Sock } from '../../src/kernel/state.ts';
import { readSysctl, writeSysctl } from '../../src/kernel/sysctl.ts';
import { ETH0, eth0, host, ms, traffic } from './hosts.ts';

const q0 = (k: Kernel): RxQueue => eth0(k).rx[0]!;
const entries = 'net.core.rps_sock_flow_entries';

/// One receive queue, RFS on, one flow of UDP.
function withRfs(options: { pps: number; cpu?: number; service_ns?: number }): Kernel {
  const { pps, cpu = -1, service_ns = 0 } = options;
  const k = host({ queues: 1, apps: [{ cpu, service_ns }] });
  expect(writeSysctl(k, entries, '32768').ok).toBe(true);
  expect(store_rps_dev_flow_table_cnt(k, q0(k), '2048').ok).toBe(true);
  traffic(k, { pps, flows: 1 });
  return k;
}

/// As connect() to the sender of the first flow.
function connect(k: Kernel): Sock {
  const sk = k.socks[0]!;
  sk.state = 1;
  sk.daddr = k.flows.src[0]!;
  sk.peer = k.flows.saddr[0]!;
  sk.peer_port = k.flows.sport[0]!;
  return sk;
}

/// Packets that each CPU took from its backlog while `run` ran.
function taken(k: Kernel, run: () => void): number[] {
  const before = k.cpus.map((c) => c.input_queue_head);
  run();
  return k.cpus.map((c, i) => c.input_queue_head - before[i]!);
}

describe('receive flow steering', () => {
  it('sends a flow to the CPU of its reader, and after it when it moves', () => {
    const k = withRfs({ pps: 20_000, cpu: 2 });
    connect(k);
    advance(k, 2 * ms);
    const there = taken(k, () => advance(k, 12 * ms));
    expect(there.map((n) => n > 0)).toEqual([0, 0, 1, 0, 0, 0, 0, 0].map(Boolean));
    k.tasks[k.socks[0]!.reader]!.cpus_allowed = maskOf([5], 8);
    advance(k, 14 * ms);
    const moved = taken(k, () => advance(k, 24 * ms));
    expect(moved.map((n) => n > 0)).toEqual([0, 0, 0, 0, 0, 1, 0, 0].map(Boolean));
    expect(moved[5]).toBeGreaterThan(150);
    checkLedger(k);
  });

  it('sends the segments of a TCP connection to the CPU where it is read', () => {
    const k = host({ queues: 1 });
    writeSysctl(k, entries, '1024');
    store_rps_dev_flow_table_cnt(k, q0(k), '64');
    spawn(k, {
      ...{ comm: 'server', uid: 1000, cpu: 6, proto: 'tcp', port: 5201 },
      ...{ reads: true, service_ns: 0 },
    });
    startTcp(k, { dev: ETH0, rate_pps: 20_000 });
    advance(k, 5 * ms);
    const there = taken(k, () => advance(k, 15 * ms));
    expect(there.map((n) => n > 0)).toEqual([0, 0, 0, 0, 0, 0, 1, 0].map(Boolean));
    const sk = k.socks.find((each) => each.tcp !== null)!;
    expect(sk.rxhash).toBe(k.flows.hash[sk.flow]);
  });

  it('does nothing for a socket that is not connected', () => {
    const k = withRfs({ pps: 20_000, cpu: 2 });
    const none = taken(k, () => advance(k, 10 * ms));
    expect(none).toEqual(new Array(8).fill(0));
    expect(k.ledger.delivered).toBeGreaterThan(150);
  });

  it('needs both tables', () => {
    for (const off of ['sockets', 'queue']) {
      const k = withRfs({ pps: 20_000, cpu: 2 });
      connect(k);
      if (off === 'sockets') writeSysctl(k, entries, '0');
      else store_rps_dev_flow_table_cnt(k, q0(k), '0');
      expect(taken(k, () => advance(k, 10 * ms))).toEqual(new Array(8).fill(0));
    }
  });

  it('keeps a flow in order when its reader moves while a backlog is full, and would not without its rule', () => {
    expect(outOfOrder(true)).toBe(0);
    expect(outOfOrder(false)).toBeGreaterThan(0);
  });
});

/// Packets that were taken up the stack behind a later one, while the flow goes from a busy CPU to an idle
/// one; `rule` false: the entry forgets at every step that anything was queued.
function outOfOrder(rule: boolean): number {
  const k = withRfs({ pps: 1_400_000, cpu: 3, service_ns: 3000 });
  const table = k.rps_sock_flow_table!;
  const hash = k.flows.hash[0]!;
  const entry: FlowEntry = { flows: null, index: 0 };
  rps_record_sock_flow(table, hash, 3);
  const seen = new Set<number>();
  let last = -1;
  let late = 0;
  const waiting = (): number => k.cpus[3]!.input_qlen + k.cpus[3]!.process_qlen;
  const walk = (until: () => boolean): void => {
    while (!until()) {
      if (!rule) {
        findFlowEntry(q0(k).rps_flow_table!, hash, entry);
        entry.flows!.last_qtail[entry.index] = k.cpus[3]!.input_queue_head;
      }
      stepEvent(k);
      const inHand = [3, 5].map((cpu) => k.cpus[cpu]!.skb).filter((skb) => skb >= 0);
      for (const serial of inHand.map((skb) => k.skbs.serial[skb]!).filter((n) => !seen.has(n))) {
        seen.add(serial);
        if (serial < last) late++;
        last = Math.max(last, serial);
      }
    }
  };
  walk(() => waiting() > 500);
  rps_record_sock_flow(table, hash, 5);
  const { now } = k;
  walk(() => k.now > now + 20 * ms);
  expect(k.cpus[5]!.input_queue_head).toBeGreaterThan(1000);
  checkLedger(k);
  return late;
}

describe('the table of the sockets', () => {
  it('is rounded up to a power of two, emptied by every write, and switches RPS code on', () => {
    const k = host();
    writeSysctl(k, entries, '1000');
    expect(readSysctl(k, entries)).toEqual({ value: '1024' });
    expect(k.rps_needed).toBe(1);
    rps_record_sock_flow(k.rps_sock_flow_table!, 0xabcd1234, 3);
    expect(sockFlowEntry(k.rps_sock_flow_table!, 0xabcd1234)).toBe(0xabcd1233);
    writeSysctl(k, entries, '1024');
    expect(sockFlowEntry(k.rps_sock_flow_table!, 0xabcd1234)).toBe(0xffff);
    writeSysctl(k, entries, '0');
    expect(k.rps_sock_flow_table).toBeNull();
    expect(k.rps_needed).toBe(0);
  });

  it('is refused beyond 2^29 entries, and when it is larger than the memory', () => {
    const k = host();
    writeSysctl(k, entries, '256');
    for (const [text, errno] of [
      ['536870913', 'EINVAL'],
      ['-1', 'EINVAL'],
      ['many', 'EINVAL'],
      ['536870912', 'ENOMEM'],
    ])
      expect(writeSysctl(k, entries, text!)).toMatchObject({ ok: false, errno });
    expect(readSysctl(k, entries)).toEqual({ value: '256' });
    expect(k.rps_sock_flow_table!.mask).toBe(255);
  });

  it('remembers nothing of a socket that was disconnected', () => {
    const k = withRfs({ pps: 1 });
    const sk = connect(k);
    sk.rxhash = 0x12345678;
    sock_rps_record_flow(k, sk, 4);
    expect(sockFlowEntry(k.rps_sock_flow_table!, 0x12345678) & 7).toBe(4);
    sock_rps_reset_rxhash(sk);
    sock_rps_record_flow(k, sk, 6);
    expect(sockFlowEntry(k.rps_sock_flow_table!, 0x12345678) & 7).toBe(4);
  });
});

describe("a queue's table of flows", () => {
  it('is refused when it is no number or does not fit, and stays as it was', () => {
    const k = host();
    store_rps_dev_flow_table_cnt(k, q0(k), '3000');
    expect(q0(k).rps_flow_cnt).toBe(4096);
    for (const [text, errno] of [
      ['-1', 'EINVAL'],
      ['4294967297', 'EINVAL'],
      ['4294967296', 'ENOMEM'],
      ['268435456', 'ENOMEM'],
    ])
      expect(store_rps_dev_flow_table_cnt(k, q0(k), text!)).toMatchObject({ ok: false, errno });
    expect(q0(k).rps_flow_table!.mask).toBe(4095);
  });

  it('moves a flow off a CPU that is offline, whatever waits there', () => {
    const k = withRfs({ pps: 1 });
    const table = k.rps_sock_flow_table!;
    const entry: FlowEntry = { flows: null, index: 0 };
    rps_record_sock_flow(table, 0x5555_0000, 3);
    expect(get_rps_cpu(k, q0(k), -1, 0x5555_0000, entry)).toBe(3);
    entry.flows!.last_qtail[entry.index] = 100; // more than CPU 3 has taken
    rps_record_sock_flow(table, 0x5555_0000, 4);
    expect(get_rps_cpu(k, q0(k), -1, 0x5555_0000, entry)).toBe(3);
    offlineCpu(k, k.cpus[3]!);
    expect(get_rps_cpu(k, q0(k), -1, 0x5555_0000, entry)).toBe(4);
  });

  it('leaves the choice to rps_cpus when the reader is on a CPU that is offline', () => {
    const k = withRfs({ pps: 1 });
    store_rps_map(k, q0(k), '40');
    rps_record_sock_flow(k.rps_sock_flow_table!, 0x5555_0000, 3);
    offlineCpu(k, k.cpus[3]!);
    const entry: FlowEntry = { flows: null, index: 0 };
    expect(get_rps_cpu(k, q0(k), -1, 0x5555_0000, entry)).toBe(6);
    expect(entry.flows).toBeNull();
  });
});

describe('a CPU that goes offline', () => {
  it('leaves the packets of its backlog to RPS once more', () => {
    const k = host({ queues: 1, apps: [{ cpu: 1 }] });
    store_rps_map(k, q0(k), '0c');
    traffic(k, { pps: 1_400_000, flows: 64, limit: 2000 });
    advance(k, ms / 2);
    offlineCpu(k, k.cpus[2]!);
    advance(k, 40 * ms);
    checkLedger(k);
    expect(k.cpus[2]!.input_queue_head).toBe(k.cpus[2]!.input_queue_tail);
    expect(k.cpus.every((c) => c.input_qlen === 0 && c.process_qlen === 0)).toBe(true);
  });
});

describe('accelerated RFS', () => {
  const igb = host().devs[1]!;
  const plain = pathAt(igb.path);
  afterEach(() => registerDriverPath(plain));

  /// The host's NIC with a driver that can steer: CPU n is nearest to queue n.
  function steering(answer: number): { k: Kernel; asked: number[][] } {
    const asked: number[][] = [];
    const path: DriverPath = {
      ...plain,
      flowSteering: {
        queueOf: (_k, _dev, cpu) => cpu,
        steer: (_k, _dev, _skb, queue, flow_id) => {
          asked.push([queue, flow_id]);
          return answer;
        },
      },
    };
    registerDriverPath(path);
    const k = host();
    writeSysctl(k, entries, '1024');
    for (const q of eth0(k).rx) store_rps_dev_flow_table_cnt(k, q, '64');
    eth0(k).features['ntuple-filters'] = true;
    return { k, asked };
  }

  const move = (k: Kernel): FlowEntry => {
    const entry: FlowEntry = { flows: null, index: 0 };
    findFlowEntry(q0(k).rps_flow_table!, 77, entry);
    set_rps_cpu(k, q0(k), 0, 77, entry, 4);
    return entry;
  };

  it('tells the NIC the queue nearest to the reader, and uses the entry of that queue', () => {
    const { k, asked } = steering(9);
    const entry = move(k);
    expect(asked).toEqual([[4, 77 & 63]]);
    const there: FlowEntry = { flows: null, index: 0 };
    findFlowEntry(eth0(k).rx[4]!.rps_flow_table!, 77, there);
    expect(entry.flows).toBe(there.flows as RpsDevFlows);
    expect([entry.flows!.filter[entry.index], entry.flows!.cpu[entry.index]]).toEqual([9, 4]);
  });

  it('keeps the own entry when the NIC has no room, and asks nobody without ntuple-filters', () => {
    const refused = steering(-16);
    const entry = move(refused.k);
    const here: FlowEntry = { flows: null, index: 0 };
    findFlowEntry(q0(refused.k).rps_flow_table!, 77, here);
    expect(entry.flows).toBe(here.flows as RpsDevFlows);
    const { k, asked } = steering(9);
    eth0(k).features['ntuple-filters'] = false;
    move(k);
    expect(asked).toEqual([]);
  });
});
