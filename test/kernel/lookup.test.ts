/// Which socket a packet is for: scores, SO_REUSEPORT, SO_INCOMING_CPU, SO_BINDTODEVICE, connected sockets.
import { describe, expect, it } from 'vitest';
import { boot } from '../../src/kernel/boot.ts';
import { addFlow, addressNumber } from '../../src/kernel/flows.ts';
import {
  bindConflict,
  closeSock,
  connectUdp,
  openUdp,
  type BindOptions,
} from '../../src/kernel/sock.ts';
import { reuseport_update_incoming_cpu } from '../../src/kernel/sock_reuseport.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import {
  __inet_lookup_established,
  __inet_lookup_listener,
  lookUpEntry,
  type LookupKey,
} from '../../src/kernel/tcp/inet_hashtables.ts';
import { closeListener, openListener } from '../../src/kernel/tcp/listener.ts';
import { __udp4_lib_lookup, lookUpSocket } from '../../src/kernel/udp.ts';
import { TCPHDR_ACK, TCPHDR_SYN } from '../../src/kernel/tcp/tcp_states.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import { addConnection, receiveSegment } from '../../src/kernel/vectors/tcp_segment.ts';

const PORT = 7000;

function bare(): Kernel {
  return boot(bareHost(4, 250), 1);
}

function key(change: Partial<LookupKey> = {}): LookupKey {
  return {
    ...{ src: addressNumber('10.0.0.1'), sport: 4000 },
    ...{ dst: addressNumber('10.0.0.2'), dport: PORT, dif: 1, cpu: 0 },
    ...change,
  };
}

function bind(k: Kernel, options: BindOptions = {}): number {
  const made = openUdp(k, 0, PORT, options);
  if (typeof made === 'string') throw new Error(made);
  return made;
}

function listen(k: Kernel, options: BindOptions = {}): number {
  const made = openListener(k, 0, PORT, 16, options);
  if (typeof made === 'string') throw new Error(made);
  return made;
}

describe('UDP look-up', () => {
  it('prefers a socket bound to the address over one bound to any, whichever came last', () => {
    const k = bare();
    const exact = bind(k, { address: '10.0.0.2', reuse: true });
    bind(k, { reuse: true });
    expect(__udp4_lib_lookup(k, key())).toBe(exact);
    expect(__udp4_lib_lookup(k, key({ dst: addressNumber('10.0.0.3') }))).not.toBe(exact);
  });

  it('gives a connected socket its own sender only', () => {
    const k = bare();
    const plain = bind(k, { address: '10.0.0.2', reuse: true });
    const connected = bind(k, { address: '10.0.0.2', reuse: true });
    connectUdp(k, k.socks[connected]!, '10.0.0.2', '10.0.0.1', 4000);
    expect(__udp4_lib_lookup(k, key())).toBe(connected);
    expect(__udp4_lib_lookup(k, key({ sport: 4001 }))).toBe(plain);
  });

  it('does not find a socket bound to another device, and prefers one bound to this', () => {
    const k = bare();
    const any = bind(k, { reuse: true });
    const lo = bind(k, { device: 'lo', reuse: true });
    expect(__udp4_lib_lookup(k, key({ dif: 1 }))).toBe(lo);
    expect(__udp4_lib_lookup(k, key({ dif: 2 }))).toBe(any);
  });

  it('spreads senders over a SO_REUSEPORT group, and each sender stays with its socket', () => {
    const k = bare();
    const group = [0, 1, 2, 3].map(() => bind(k, { reuseport: true }));
    const chosen = Array.from({ length: 200 }, (_, i) =>
      __udp4_lib_lookup(k, key({ sport: 1024 + i })),
    );
    for (const one of group)
      expect(chosen.filter((index) => index === one).length).toBeGreaterThan(20);
    expect(__udp4_lib_lookup(k, key({ sport: 1024 }))).toBe(chosen[0]);
  });

  it('takes the member of a group whose SO_INCOMING_CPU is this CPU', () => {
    const k = bare();
    const group = [0, 1, 2, 3].map((cpu) => bind(k, { reuseport: true, incoming_cpu: cpu }));
    for (const cpu of [0, 1, 2, 3])
      for (const sport of [1024, 1025, 1026])
        expect(__udp4_lib_lookup(k, key({ cpu, sport }))).toBe(group[cpu]);
    for (const one of group) reuseport_update_incoming_cpu(k, k.socks[one]!, -1);
    const chosen = new Set([0, 1, 2, 3].map((cpu) => __udp4_lib_lookup(k, key({ cpu }))));
    expect(chosen.size).toBe(1);
  });

  it('remembers the result for a flow until a socket comes or goes', () => {
    const k = bare();
    const flow = addFlow(k, {
      ...{ dev: 0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 4000, dport: PORT },
    });
    expect(lookUpSocket(k, flow)).toBe(-1);
    const any = bind(k, { reuse: true });
    expect(lookUpSocket(k, flow)).toBe(any);
    const exact = bind(k, { address: '10.0.0.2', reuse: true });
    expect(lookUpSocket(k, flow)).toBe(exact);
    closeSock(k, k.socks[exact]!);
    expect(lookUpSocket(k, flow)).toBe(any);
  });

  it('refuses an address that is taken, unless both allow it', () => {
    const k = bare();
    bind(k);
    expect(openUdp(k, 0, PORT, {})).toBe('EADDRINUSE');
    expect(openUdp(k, 0, PORT, { reuseport: true })).toBe('EADDRINUSE');
    expect(openUdp(k, 0, PORT, { device: 'eth9' })).toBe('ENODEV');
    expect(k.socks).toHaveLength(1);
    const shared = bare();
    bind(shared, { reuseport: true });
    expect(bindConflict(shared, shared.socks[bind(shared, { reuseport: true })]!)).toBe(false);
  });
});

describe('TCP look-up', () => {
  it('finds a listener of the address before one of any address, the newest first', () => {
    const k = bare();
    const exact = listen(k, { address: '10.0.0.2' });
    expect(openListener(k, 0, PORT, 16, {})).toBe('EADDRINUSE');
    expect(__inet_lookup_listener(k, key())).toBe(exact);
    expect(__inet_lookup_listener(k, key({ dst: addressNumber('10.0.0.3') }))).toBe(-1);
    closeListener(k, k.cpus[0]!, exact);
    expect(__inet_lookup_listener(k, key())).toBe(-1);
  });

  it('lets an IPv6 listener take IPv4 connections, after those of IPv4', () => {
    const k = bare();
    const six = listen(k, { address: '*' });
    expect(__inet_lookup_listener(k, key())).toBe(six);
    expect(k.socks[six]!.family).toBe(10);
  });

  it('finds a connection by its 4-tuple, through the flow and without it', () => {
    const k = bare();
    listen(k);
    const flow = addConnection(k, '10.0.0.1', 4000, PORT);
    receiveSegment(k, flow, TCPHDR_SYN, 100, 0);
    const isn = k.devs[0]!.outgoing.at(-1)!.tcp!.seq;
    expect(__inet_lookup_established(k, flow)).toBe(-1);
    receiveSegment(k, flow, TCPHDR_ACK, 101, isn + 1);
    const made = __inet_lookup_established(k, flow);
    expect(k.socks[made]!.peer_port).toBe(4000);
    const twin = addConnection(k, '10.0.0.1', 4000, PORT);
    expect(__inet_lookup_established(k, twin)).toBe(made);
    const other = addConnection(k, '10.0.0.1', 4001, PORT);
    expect(__inet_lookup_established(k, other)).toBe(-1);
    expect(lookUpEntry(k, flow)).toBe(2 * made);
  });

  it('moves the last member of a group into the place of one that leaves', () => {
    const k = bare();
    const group = [0, 1, 2].map(() => listen(k, { reuseport: true }));
    const [first, , last] = group;
    closeListener(k, k.cpus[0]!, first!);
    expect(k.reuseports[0]!.socks).toEqual([last, group[1]]);
  });
});
