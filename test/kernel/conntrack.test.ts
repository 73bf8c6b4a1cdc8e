import { describe, expect, it } from 'vitest';
import { digest } from '../../src/engine/digest.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { checkLedger, ledgerOf } from '../../src/kernel/ledger.ts';
import { confirmEntry, nf_conntrack_in } from '../../src/kernel/netfilter/conntrack/core.ts';
import { createCtPacket } from '../../src/kernel/netfilter/conntrack/packet.ts';
import { nf_ct_invert_tuple } from '../../src/kernel/netfilter/conntrack/tuple.ts';
import { loadConntrack } from '../../src/kernel/netfilter/conntrack/module.ts';
import { expiresIn, tableEntries } from '../../src/kernel/netfilter/conntrack/table.ts';
import { nf_conntrack_tcp_set_closing } from '../../src/kernel/netfilter/conntrack/tcp.ts';
import { TCP_CONNTRACK, TCP_STATE_NAMES } from '../../src/kernel/netfilter/conntrack/tcp_states.ts';
import {
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  IP_CT_NEW,
  type CtPacket,
} from '../../src/kernel/netfilter/conntrack/types.ts';
import { ruleCounters } from '../../src/kernel/netfilter/xtables.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { startClients } from '../../src/kernel/remote/remote_start.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import { readSysctl, writeSysctl } from '../../src/kernel/sysctl.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { conntrack } from '../../src/shell/commands/conntrack.ts';
import { nft } from '../../src/shell/commands/nft.ts';
import { iptables } from '../../src/shell/commands/iptables.ts';
import { type } from '../shell/tools/typing.ts';
import { dropped, ETH0, host, ms, traffic } from './hosts.ts';
import { serve } from './tcp_hosts.ts';

function rule(k: Kernel, line: string): void {
  const { err, status } = type(iptables, k, `iptables ${line}`);
  if (status !== 0) throw new Error(err);
}

const entries = (k: Kernel) => tableEntries(k);
const counted = (k: Kernel, chain: string, at: number): number =>
  ruleCounters(k.nf.tables[0]!.chains.find(({ name }) => name === chain)!.rules[at]!)[0];
const TRACK = '-A INPUT -m conntrack --ctstate NEW,ESTABLISHED';

/// The counts that must hold at every moment: entries alive, in the chains, and on the free list.
function checkTable(k: Kernel): void {
  const ct = k.nf.ct!;
  const live = ct.entries.filter((entry) => entry.live).length;
  expect(ct.count).toBe(live);
  expect(live + ct.free.length).toBe(ct.entries.length);
  let linked = 0;
  for (const head of ct.heads) for (let at = head; at >= 0; at = ct.next[at]!) linked++;
  const placed = ct.entries.reduce(
    (sum, { bucket }) => sum + bucket.filter((b) => b >= 0).length,
    0,
  );
  expect(linked).toBe(placed);
}

describe('the module', () => {
  it('is there once a rule needs it, with its sysctls', () => {
    const k = host();
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_max')).toBe('ENOENT');
    rule(k, '-A INPUT -p udp -j ACCEPT');
    expect(k.nf.ct).toBeNull();
    rule(k, TRACK);
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_max')).toEqual({ value: '65536' });
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_buckets')).toEqual({ value: '65536' });
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_expect_max')).toEqual({ value: '1024' });
  });

  it('has one variable under two names, and refuses what the kernel refuses', () => {
    const k = host();
    loadConntrack(k);
    expect(writeSysctl(k, 'net.nf_conntrack_max', '100').ok).toBe(true);
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_max')).toEqual({ value: '100' });
    expect(k.nf.ct!.settings.max).toBe(100);
    expect(writeSysctl(k, 'net.netfilter.nf_conntrack_tcp_loose', '2').ok).toBe(false);
    expect(k.nf.ct!.settings.tcp_loose).toBe(true);
    writeSysctl(k, 'net.netfilter.nf_conntrack_buckets', '1000');
    expect(readSysctl(k, 'net.netfilter.nf_conntrack_buckets')).toEqual({ value: '1024' });
  });

  it('leaves the packets alone again when the last rule that needs it is gone', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    rule(k, '-F INPUT');
    traffic(k, { pps: 100_000, limit: 20 });
    advance(k, 10 * ms);
    expect(entries(k)).toHaveLength(0);
  });

  it('refuses a table of no chains, and one that the memory cannot hold', () => {
    const k = host();
    loadConntrack(k);
    const name = 'net.netfilter.nf_conntrack_buckets';
    expect(writeSysctl(k, name, '0')).toMatchObject({ ok: false, errno: 'EINVAL' });
    expect(writeSysctl(k, name, '-1')).toMatchObject({ ok: false, errno: 'ENOMEM' });
    expect(writeSysctl(k, name, '2147483647')).toMatchObject({ ok: false, errno: 'ENOMEM' });
    expect(writeSysctl(k, name, '100000000')).toMatchObject({ ok: false, errno: 'ENOTMODELLED' });
    expect(readSysctl(k, name)).toEqual({ value: '65536' });
    expect(k.nf.ct!.heads).toHaveLength(65536);
  });

  it.each([
    'ct state vmap { new : accept }',
    'ct state . tcp dport { new . 22 } accept',
    'ct mark set 1',
  ])('is there once nft writes: %s', (text) => {
    const k = host();
    for (const line of ['table ip t', 'chain ip t c { type filter hook input priority 0; }'])
      type(nft, k, `nft add ${line}`);
    expect(type(nft, k, `nft add rule ip t c ${text}`).err).toBe('');
    expect(k.nf.ct).not.toBeNull();
    expect(k.nf.ct!.hooked4).toBe(true);
  });
});

describe('UDP', () => {
  it('has an entry for each flow, unreplied for 30 seconds, which then goes', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    traffic(k, { pps: 100_000, limit: 50, flows: 5 });
    advance(k, 20 * ms);
    expect(entries(k)).toHaveLength(5);
    expect(entries(k).every(({ status }) => (status & IPS_SEEN_REPLY) === 0)).toBe(true);
    expect(type(conntrack, k, 'conntrack -L').out).toMatch(
      /^udp {6}17 29 src=\S+ dst=\S+ sport=\d+ dport=9000 \[UNREPLIED\] src=\S+ dst=\S+ sport=9000 dport=\d+ mark=0 use=1$/m,
    );
    expect(ledgerOf(k).delivered).toBe(50);
    advance(k, 120_000 * ms);
    expect(k.nf.ct!.count).toBe(0);
    checkTable(k);
  });

  it('is tracked over IPv6 too, and fragments when their datagram is whole', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    type(nft, k, 'nft add table ip6 f');
    type(nft, k, 'nft add chain ip6 f input { type filter hook input priority 0; }');
    type(nft, k, 'nft add rule ip6 f input ct state new counter');
    writeSysctl(k, 'net.netfilter.nf_conntrack_acct', '1');
    traffic(k, { pps: 1000, limit: 9, len: 3000, mtu: 1500 });
    traffic(k, { pps: 1000, limit: 4, v6: true });
    advance(k, 60 * ms);
    const found = entries(k).map(({ tuple, packets }) => [tuple[0]!.family, packets[0]!]);
    expect(found.sort()).toEqual([
      [10, 4],
      [2, k.mib.IpReasmOKs],
    ]);
    expect(k.mib.IpReasmOKs).toBe(3);
    checkLedger(k);
  });

  it('counts packets and bytes of entries made while nf_conntrack_acct is on', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    writeSysctl(k, 'net.netfilter.nf_conntrack_acct', '1');
    traffic(k, { pps: 100_000, limit: 10 });
    advance(k, 10 * ms);
    expect(entries(k)[0]).toMatchObject({ packets: [10, 0], bytes: [460, 0] });
  });

  it('keeps no entry of a packet that a rule drops', () => {
    const k = host({ apps: [{}] });
    rule(k, '-A INPUT -m conntrack --ctstate NEW -j DROP');
    traffic(k, { pps: 100_000, limit: 40, flows: 4 });
    advance(k, 10 * ms);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(40);
    expect(k.nf.ct!.count).toBe(0);
    checkTable(k);
  });

  it('matches what was marked NOTRACK as untracked', () => {
    const k = host({ apps: [{}] });
    rule(k, '-A INPUT -m conntrack --ctstate UNTRACKED');
    rule(k, '-t raw -A PREROUTING -p udp -j NOTRACK');
    traffic(k, { pps: 100_000, limit: 10 });
    advance(k, 10 * ms);
    expect(counted(k, 'INPUT', 0)).toBe(10);
    expect(k.nf.ct!.count).toBe(0);
  });

  it('costs a packet that INPUT drops 248 ns more, as was measured', () => {
    const busy = (line: string): number => {
      const k = host({ apps: [{}], queues: 1 });
      rule(k, '-A INPUT -p udp -j DROP');
      rule(k, line);
      traffic(k, { pps: 1_000_000, limit: 1000 });
      advance(k, 20 * ms);
      expect(dropped(k, REASON.NETFILTER_DROP)).toBe(1000);
      return k.cpus.reduce((sum, c) => sum + c.time.softirq, 0);
    };
    const tracked = busy('-A OUTPUT -m conntrack --ctstate NEW');
    const each = (tracked - busy('-A OUTPUT -p udp')) / 1000;
    expect(each).toBeGreaterThan(245);
    expect(each).toBeLessThanOrEqual(248);
  });
});

describe('a full table', () => {
  it('drops new flows, says so in the log, and loses no packet from the ledger', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    writeSysctl(k, 'net.netfilter.nf_conntrack_max', '20');
    traffic(k, { pps: 100_000, limit: 200, flows: 100 });
    for (let i = 0; i < 20_000 && k.now < 20 * ms && stepEvent(k); i++) {
      checkLedger(k);
      expect(k.nf.ct!.count).toBeLessThanOrEqual(20);
    }
    checkTable(k);
    const stat = k.nf.ct!.stats.reduce((sum, s) => sum + s.drop, 0);
    expect(stat).toBeGreaterThan(100);
    expect(dropped(k, REASON.NETFILTER_DROP)).toBe(stat);
    expect(k.dmesg.filter((line) => line.includes('nf_conntrack: table full'))).toHaveLength(10);
    expect(k.dmesg.at(-1)).toMatch(/nf_conntrack: nf_conntrack: table full, dropping packet$/);
  });

  it('gives up entries in the chains that a new flow would look through', () => {
    const k = host({ apps: [{}] });
    rule(k, TRACK);
    writeSysctl(k, 'net.netfilter.nf_conntrack_buckets', '512');
    writeSysctl(k, 'net.netfilter.nf_conntrack_max', '100');
    traffic(k, { pps: 100_000, limit: 400, flows: 400 });
    advance(k, 20 * ms);
    const sum = (of: 'early_drop' | 'drop') =>
      k.nf.ct!.stats.reduce((total, s) => total + s[of], 0);
    expect(sum('early_drop')).toBeGreaterThan(0);
    expect(400 - sum('drop') - sum('early_drop')).toBe(k.nf.ct!.count);
    checkTable(k);
  });
});

describe('TCP', () => {
  function clients(limit: number): Kernel {
    const k = host({ apps: [] });
    serve(k);
    rule(k, '-A INPUT -m conntrack --ctstate INVALID -j DROP');
    rule(k, '-A INPUT -m conntrack --ctstate ESTABLISHED');
    startClients(k, { dev: ETH0, rate: 1000, limit });
    return k;
  }

  it('sees what the host answers: connections become established and assured', () => {
    const k = clients(3);
    advance(k, 30 * ms);
    expect(entries(k)).toHaveLength(3);
    for (const { tcp, status } of entries(k)) {
      expect(TCP_STATE_NAMES[tcp!.state]).not.toBe('SYN_SENT');
      expect(status & IPS_ASSURED).toBe(IPS_ASSURED);
    }
    expect(counted(k, 'INPUT', 0)).toBe(0);
    expect(counted(k, 'INPUT', 1)).toBeGreaterThan(0);
    checkLedger(k);
  });

  it('begins a new entry when the ports of a closed connection are used again', () => {
    const k = host();
    const ct = loadConntrack(k);
    const send = (dir: 'out' | 'back', flags: number, seq: number, ack_seq: number): CtPacket => {
      const p = { ...createCtPacket(), seq, ack_seq, flags, window: 500, options: true };
      const ends = { saddr: '10.0.0.1', daddr: '10.0.0.2', src: 0x0a00_0001, dst: 0x0a00_0002 };
      const tuple = { family: 2, proto: 6, ...ends, sport: 40_000, dport: 80 };
      p.tuple = tuple;
      p.slot = dir === 'out' ? 1000 : 1001;
      if (dir === 'back') nf_ct_invert_tuple(p.tuple, { ...tuple });
      nf_conntrack_in(k, k.cpus[0]!, p);
      if (p.entry >= 0) confirmEntry(k, k.cpus[0]!, p.entry, p.ctinfo);
      return p;
    };
    const [FIN, SYN, ACK] = [1, 2, 16];
    const first = ct.entries[send('out', SYN, 99, 0).entry]!.id;
    send('back', SYN | ACK, 999, 100);
    send('out', ACK, 100, 1000);
    send('out', FIN | ACK, 100, 1000);
    send('back', FIN | ACK, 1000, 101);
    const last = send('out', ACK, 101, 1001);
    expect(TCP_STATE_NAMES[ct.entries[last.entry]!.tcp!.state]).toBe('TIME_WAIT');
    const again = send('out', SYN, 50_000, 0);
    expect(again.ctinfo).toBe(IP_CT_NEW);
    expect(ct.entries[again.entry]!.id).toBeGreaterThan(first);
    expect(ct.count).toBe(1);
    expect(send('back', ACK, 7, 7).entry).toBe(again.entry); // half-open, passes
    expect(send('out', ACK | FIN, 100, 1000).entry).toBe(-1); // of the old connection
    checkTable(k);
  });

  it('forgets what conntrack -D and -F take away', () => {
    const k = clients(3);
    traffic(k, { pps: 10_000, limit: 4, flows: 4, dport: 9 });
    advance(k, 30 * ms);
    expect(type(conntrack, k, 'conntrack -D -p udp').err).toBe(
      'conntrack v1.4.8 (conntrack-tools): 4 flow entries have been deleted.\n',
    );
    expect(type(conntrack, k, 'conntrack -C').out).toBe('3\n');
    expect(type(conntrack, k, 'conntrack -D -p udp').status).toBe(1);
    type(conntrack, k, 'conntrack -F');
    expect(k.nf.ct!.count).toBe(0);
    checkTable(k);
  });

  it('calls a wrong checksum invalid', () => {
    const k = host({ apps: [{}] });
    rule(k, '-A INPUT -m conntrack --ctstate INVALID');
    traffic(k, { pps: 100_000, limit: 10, bad_csum: 1 });
    advance(k, 10 * ms);
    expect(counted(k, 'INPUT', 0)).toBe(10);
    expect(k.nf.ct!.stats.reduce((sum, s) => sum + s.invalid, 0)).toBe(10);
  });

  it('keeps two minutes for a simultaneous open, whatever tcp_timeout_syn_sent says', () => {
    const k = host();
    const ct = loadConntrack(k);
    writeSysctl(k, 'net.netfilter.nf_conntrack_tcp_timeout_syn_sent', '7');
    const { SYN_SENT, SYN_SENT2 } = TCP_CONNTRACK;
    expect(ct.settings.tcp[SYN_SENT]).toBe(7 * k.desc.hz);
    expect(ct.settings.tcp[SYN_SENT2]).toBe(120 * k.desc.hz);
  });

  it('sees a rejected connection closed, and neither TCP nor the tracker counts the reset', () => {
    const k = host({ apps: [] });
    serve(k);
    rule(k, `${TRACK} -p tcp -j REJECT --reject-with tcp-reset`);
    startClients(k, { dev: ETH0, rate: 1000, limit: 3 });
    advance(k, 20 * ms);
    expect(counted(k, 'INPUT', 0)).toBeGreaterThan(0);
    expect(k.mib.TcpOutRsts ?? 0).toBe(0);
    expect(k.mib.TcpOutSegs).toBe(0);
    expect(k.nf.ct!.stats.reduce((sum, s) => sum + s.invalid, 0)).toBe(0);
    expect(k.nf.ct!.count).toBe(0); // never confirmed
    checkLedger(k);
    checkTable(k);
  });

  it('is CLOSE ten seconds long after a reset that a rule sent', () => {
    const k = clients(3);
    advance(k, 30 * ms);
    nf_conntrack_tcp_set_closing(k, 0);
    const entry = k.nf.ct!.entries[0]!;
    expect(TCP_STATE_NAMES[entry.tcp!.state]).toBe('CLOSE');
    expect(expiresIn(k, entry)).toBe(10 * k.desc.hz);
  });

  it('says that it does not know prefixes and masks in conntrack -L', () => {
    const k = clients(3);
    advance(k, 30 * ms);
    for (const filter of ['-s 10.0.0.0/8', '-m 1/1', '-p constructor'])
      expect(type(conntrack, k, `conntrack -L ${filter}`)).toMatchObject({
        err: `softnet: not modelled here: conntrack -L ${filter}\n`,
        status: 1,
      });
  });
});

describe('address translation', () => {
  it('redirects datagrams to another port, asking the table once for each flow', () => {
    const k = host({ apps: [{}] });
    rule(k, '-t nat -A PREROUTING -p udp --dport 7 -j REDIRECT --to-ports 9000');
    traffic(k, { pps: 100_000, limit: 30, flows: 3, dport: 7 });
    advance(k, 20 * ms);
    expect(ledgerOf(k).delivered).toBe(30);
    expect(counted(k, 'PREROUTING', 0)).toBe(3);
    expect(entries(k).map(({ tuple }) => [tuple[0]!.dport, tuple[1]!.sport])).toEqual([
      [7, 9000],
      [7, 9000],
      [7, 9000],
    ]);
  });

  it('lets a redirected TCP client talk to the server as if nothing was between them', () => {
    const k = host({ apps: [] });
    serve(k);
    rule(k, '-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 5201');
    startClients(k, { dev: ETH0, rate: 1000, limit: 2, dport: 80 });
    advance(k, 30 * ms);
    expect(k.mib.TcpPassiveOpens).toBe(2);
    expect(
      k.remotes[0]!.conns.some(({ state }) => state === 'established' || state === 'closed'),
    ).toBe(true);
    expect(entries(k)[0]!.tuple[1]!.sport).toBe(5201);
    checkLedger(k);
  });

  it('masquerades what is forwarded, and gives two senders with one port different ones', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.ip_forward', '1');
    rule(k, '-t nat -A POSTROUTING -o eth1 -j MASQUERADE');
    traffic(k, { pps: 100_000, limit: 20, sources: 2, sport: 5000, daddr: '10.0.1.9' });
    advance(k, 20 * ms);
    const back = entries(k).map(({ tuple }) => tuple[1]!);
    expect(back.map(({ daddr }) => daddr)).toEqual(['10.0.1.2', '10.0.1.2']);
    expect(new Set(back.map(({ dport }) => dport)).size).toBe(2);
    expect(ledgerOf(k).forwarded).toBe(20);
  });

  it('sends what came for one of its own addresses on to another host', () => {
    const k = host();
    writeSysctl(k, 'net.ipv4.ip_forward', '1');
    rule(k, '-t nat -A PREROUTING -p udp --dport 7 -j DNAT --to-destination 10.0.1.9:53');
    traffic(k, { pps: 100_000, limit: 20, flows: 2, dport: 7 });
    advance(k, 20 * ms);
    expect(ledgerOf(k).forwarded).toBe(20);
    expect(entries(k).map(({ tuple }) => `${tuple[1]!.saddr}:${tuple[1]!.sport}`)).toEqual([
      '10.0.1.9:53',
      '10.0.1.9:53',
    ]);
    checkTable(k);
  });
});

describe('a copy of the host', () => {
  it('comes to the same state, full table and translation included', () => {
    const k = host({ apps: [{}] });
    rule(k, '-t nat -A PREROUTING -p udp --dport 7 -j REDIRECT --to-ports 9000');
    rule(k, TRACK);
    writeSysctl(k, 'net.netfilter.nf_conntrack_max', '10');
    traffic(k, { pps: 100_000, limit: 100, flows: 30, dport: 7 });
    advance(k, 0.5 * ms);
    const copy = clone(k);
    advance(k, 5_000 * ms);
    advance(copy, 5_000 * ms);
    expect(digest(copy)).toBe(digest(k));
  });
});
