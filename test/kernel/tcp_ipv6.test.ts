/// TCP over IPv6: look-up, handshake, data, overflow, cookies, and sockets that take both families.
import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { endApp } from '../../src/kernel/apps.ts';
import { boot } from '../../src/kernel/boot.ts';
import { addFlow } from '../../src/kernel/flows.ts';
import { flowEhash, inet6_ehashfn } from '../../src/kernel/inet_ehashfn.ts';
import { inet6_addr_add } from '../../src/kernel/ipv6_addr.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { startClients, startSynFlood, startTcp } from '../../src/kernel/remote/remote_start.ts';
import { advance } from '../../src/kernel/run.ts';
import type { BindOptions } from '../../src/kernel/sock.ts';
import type { Kernel, Sock } from '../../src/kernel/state.ts';
import { writeSysctl } from '../../src/kernel/sysctl.ts';
import { inet6_lookup_listener, type LookupKey6 } from '../../src/kernel/tcp/inet6_hashtables.ts';
import { __inet_lookup_listener } from '../../src/kernel/tcp/inet_hashtables.ts';
import { openListener } from '../../src/kernel/tcp/listener.ts';
import { bareHost } from '../../src/kernel/vectors/bare_host.ts';
import { eth0, ETH0, host, ms } from './hosts.ts';
import { connected6, segment, sent, serve } from './tcp_hosts.ts';

const OWN = '2001:db8::2';
const PORT = 5201;

function withAddress(): Kernel {
  const k = host({ apps: [] });
  inet6_addr_add(k, eth0(k), `${OWN}/64`);
  return k;
}

function key(change: Partial<LookupKey6> = {}): LookupKey6 {
  return {
    ...{ saddr: '2001:db8::1', sport: 4000, daddr: OWN, dport: PORT, dif: 1, cpu: 0 },
    ...change,
  };
}

function listen(k: Kernel, options: BindOptions, backlog = 16): number {
  const made = openListener(k, 0, PORT, backlog, options);
  if (typeof made === 'string') throw new Error(made);
  return made;
}

function children(k: Kernel): Sock[] {
  return k.socks.filter((sk) => sk.tcp !== null);
}

describe('the look-up of a listener over IPv6', () => {
  it('prefers the address over any, and finds what is bound to a device on that device only', () => {
    const k = boot(bareHost(4, 250), 1);
    const any = listen(k, { address: '::', reuseport: true });
    expect(inet6_lookup_listener(k, key())).toBe(any);
    const lo = listen(k, { address: OWN, device: 'lo', reuseport: true });
    expect(inet6_lookup_listener(k, key({ dif: 1 }))).toBe(lo);
    expect(inet6_lookup_listener(k, key({ dif: 2 }))).toBe(any);
    expect(inet6_lookup_listener(k, key({ daddr: '2001:db8::3' }))).toBe(any);
  });

  it('takes the listener whose SO_INCOMING_CPU is this CPU', () => {
    const k = boot(bareHost(4, 250), 1);
    const group = [0, 1, 2].map((cpu) =>
      listen(k, { address: '::', reuseport: true, incoming_cpu: cpu }),
    );
    for (const cpu of [0, 1, 2]) expect(inet6_lookup_listener(k, key({ cpu }))).toBe(group[cpu]);
  });

  it('does not find IPv4 sockets, and IPv4 does not find those that are for IPv6 only', () => {
    const k = boot(bareHost(4, 250), 1);
    const four = listen(k, {});
    const six = listen(k, { address: '::', v6only: true });
    const key4 = { src: 1, sport: 4000, dst: 2, dport: PORT, dif: 1, cpu: 0 };
    expect(inet6_lookup_listener(k, key())).toBe(six);
    expect(__inet_lookup_listener(k, key4)).toBe(four);
  });

  it('refuses :: where IPv4 has the port, unless the socket is for IPv6 only', () => {
    const k = boot(bareHost(4, 250), 1);
    listen(k, {});
    expect(openListener(k, 0, PORT, 16, { address: '::' })).toBe('EADDRINUSE');
    writeSysctl(k, 'net.ipv6.bindv6only', '1');
    expect(typeof openListener(k, 0, PORT, 16, { address: '::' })).toBe('number');
  });

  it('spreads senders over a SO_REUSEPORT group by the hash of the 4-tuple', () => {
    const k = boot(bareHost(4, 250), 1);
    const group = [0, 1, 2, 3].map(() => listen(k, { address: '::', reuseport: true }));
    const chosen = Array.from({ length: 200 }, (_, i) =>
      inet6_lookup_listener(k, key({ sport: 1024 + i })),
    );
    for (const one of group)
      expect(chosen.filter((index) => index === one).length).toBeGreaterThan(20);
  });

  it('hashes a connection as its flow is hashed', () => {
    const k = boot(bareHost(4, 250), 1);
    const flow = addFlow(k, {
      ...{ dev: 0, saddr: '2001:db8::1', daddr: OWN, sport: 4000, dport: PORT, proto: 6 },
    });
    expect(flowEhash(k, flow)).toBe(inet6_ehashfn(k, OWN, PORT, '2001:db8::1', 4000));
  });
});

describe('a connection over IPv6', () => {
  it('shakes hands with a segment size of 1440, and is of IPv6', () => {
    const k = withAddress();
    serve(k, { reads: false, address: '::' });
    startClients(k, { dev: ETH0, rate: 1, limit: 1, v6: true });
    advance(k, 10 * ms);
    checkLedger(k);
    const [sk] = children(k);
    expect(sk).toMatchObject({ family: 10, mapped: false, local: OWN, peer: '2001:db8::1' });
    expect(sk!.tcp!).toMatchObject({ advmss: 1428, mss_clamp: 1440, mss_cache: 1428 });
    expect(k.remotes[0]!.conns[0]!.state).toBe('established');
    expect(k.mib.TcpPassiveOpens).toBe(1);
    expect(k.mib['Ip6InDelivers']).toBe(k.mib.TcpInSegs);
    expect([k.mib['Ip6OutRequests'], k.mib['Ip6OutOctets']]).toEqual([1, 80]);
    expect(k.mib.IpInReceives).toBe(0);
  });

  it('carries data, merged by GRO, to the reader', () => {
    const k = withAddress();
    serve(k, { address: '::' });
    startTcp(k, { dev: ETH0, bytes: 1_000_000, v6: true });
    for (let t = 1; t <= 40; t++) {
      advance(k, t * ms);
      checkLedger(k);
    }
    const [sk] = children(k);
    expect(sk!.received_bytes).toBe(1_000_000);
    const frames = Math.ceil(1_000_000 / 1428);
    expect(k.remotes[0]!.sent).toBeGreaterThanOrEqual(frames);
    expect(k.mib['Ip6InReceives']!).toBeLessThan(frames / 2);
    expect(k.mib['Ip6InNoECTPkts']).toBe(k.remotes[0]!.sent);
  });

  it('is spread over the queues by its addresses and ports', () => {
    const k = withAddress();
    serve(k, { address: '::' });
    startTcp(k, { dev: ETH0, connections: 32, bytes: 10_000, v6: true });
    advance(k, 20 * ms);
    const { first_flow } = k.remotes[0]!;
    const queues = new Set(k.flows.queue.slice(first_flow, first_flow + 32));
    expect(queues.size).toBeGreaterThan(3);
    expect(children(k).reduce((sum, sk) => sum + sk.received_bytes, 0)).toBe(320_000);
  });

  it('over link-local addresses is bound to the link', () => {
    const k = host({ apps: [] });
    serve(k, { reads: false, address: '::' });
    startClients(k, { dev: ETH0, rate: 1, limit: 1, v6: true });
    advance(k, 10 * ms);
    const [sk] = children(k);
    expect(sk).toMatchObject({ peer: 'fe80::1', bound_dev: eth0(k).ifindex });
  });

  it('keeps the window within the buffer, and ends with a reset', () => {
    const one = connected6({ rcvbuf: 8192 });
    const { k, sk, tp } = one;
    const before = tp.rcv_wnd;
    segment(one, { len: 1000 });
    segment(one, { len: 1000 });
    expect(tp.rcv_nxt - tp.copied_seq).toBe(2000);
    advance(k, k.now + 100 * ms);
    expect(sent(k).every(({ window }) => window <= before)).toBe(true);
    segment(one, { flags: 4 });
    expect([sk.state, k.mib.TcpEstabResets]).toEqual([7, 1]);
  });

  it('is reset when the application ends, and the other end believes it', () => {
    const k = withAddress();
    serve(k, { address: '::' });
    startTcp(k, { dev: ETH0, v6: true });
    advance(k, 5 * ms);
    endApp(k, k.tasks.find((task) => task.comm === 'server')!.tgid);
    advance(k, 10 * ms);
    checkLedger(k);
    expect(k.remotes[0]!.conns[0]!.state).toBe('closed');
    expect(k.mib['TcpOutRsts']).toBeGreaterThan(0);
  });

  it('to a port that nobody has is reset', () => {
    const k = withAddress();
    startTcp(k, { dev: ETH0, v6: true });
    advance(k, 10 * ms);
    checkLedger(k);
    expect([k.remotes[0]!.conns[0]!.state, k.mib['TcpOutRsts']]).toEqual(['closed', 1]);
    expect(k.mib['Ip6InUnknownProtos'] ?? 0).toBe(0);
  });
});

describe('a listener over IPv6', () => {
  it('drops connections beyond its backlog', () => {
    const k = withAddress();
    const sk = k.socks[listen(k, { address: '::' }, 2)]!;
    startClients(k, { dev: ETH0, rate: 1000, limit: 10, v6: true });
    advance(k, 100 * ms);
    checkLedger(k);
    expect(sk.listen!.accept_queue.length).toBe(3);
    expect(k.mib['TcpExtListenOverflows']).toBeGreaterThan(0);
  });

  it('answers a flood with cookies, and a client gets through', () => {
    const k = withAddress();
    const sk = serve(k, { reads: false, address: '::', backlog: 8 });
    startSynFlood(k, { dev: ETH0, pps: 20_000, v6: true });
    advance(k, 20 * ms);
    startClients(k, { dev: ETH0, rate: 100, limit: 1, v6: true });
    advance(k, 60 * ms);
    checkLedger(k);
    expect(sk.listen!.qlen).toBe(9);
    expect(k.mib['TcpExtSyncookiesSent']).toBeGreaterThan(100);
    expect(k.mib['TcpExtSyncookiesRecv']).toBe(1);
    expect(children(k)[0]!.tcp!.mss_clamp).toBe(1440);
    expect(k.dmesg.join('\n')).toContain(
      'Possible SYN flooding on port [::]:5201. Sending cookies',
    );
  });

  it('on :: takes IPv4 too, as an IPv6 socket of a mapped address', () => {
    const k = withAddress();
    serve(k, { reads: false, address: '::' });
    startClients(k, { dev: ETH0, rate: 1000, limit: 1 });
    startClients(k, { dev: ETH0, rate: 1000, limit: 1, v6: true });
    advance(k, 20 * ms);
    expect(children(k).map(({ family, mapped }) => [family, mapped])).toEqual([
      [2, true],
      [10, false],
    ]);
  });

  it('for IPv6 only resets IPv4', () => {
    const k = withAddress();
    serve(k, { reads: false, address: '::', v6only: true });
    startClients(k, { dev: ETH0, rate: 1000, limit: 1 });
    advance(k, 20 * ms);
    expect(children(k)).toEqual([]);
    expect(k.mib['TcpOutRsts']).toBe(1);
  });

  it('comes to the same state whenever the run is repeated', () => {
    const run = (step: number): string => {
      const k = withAddress();
      serve(k, { address: '::' });
      startTcp(k, { dev: ETH0, v6: true, connections: 3 });
      for (let t = step; t <= 12 * ms; t += step) advance(k, t);
      return digest(k);
    };
    expect(run(3 * ms)).toBe(run(12 * ms));
  });
});
