/// Sockets of IPv6 in what the tools and /proc print of them.
import { describe, expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { advance } from '../../../src/kernel/run.ts';
import { say, sitDown, tryLine } from '../../kernel/typist.ts';

const ms = 1_000_000;

function terminal(): ReturnType<typeof sitDown> {
  const at = sitDown({ ...hosts['igb']!, apps: [] });
  say(at, 'ip -6 addr add 2001:db8::2/64 dev eth0');
  return at;
}

describe('a listener', () => {
  it('on both families is a star, for IPv6 only [::], and on an address that address', () => {
    const at = terminal();
    tryLine(at, 'iperf3 -s -D');
    tryLine(at, 'iperf3 -s -D -6 -p 5202');
    tryLine(at, 'iperf3 -s -D -B 2001:db8::2 -p 5203');
    tryLine(at, 'iperf3 -s -D -4 -p 5204');
    const rows = say(at, 'ss -Htln')
      .split('\n')
      .map((line) => line.trim().split(/ +/));
    const ends = rows.filter((row) => row.length > 3).map((row) => `${row[3]} ${row[4]}`);
    expect(ends.toSorted()).toEqual([
      '*:5201 *:*',
      '0.0.0.0:5204 0.0.0.0:*',
      '[2001:db8::2]:5203 [::]:*',
      '[::]:5202 [::]:*',
    ]);
    expect(say(at, 'ss -H4tln').trim().split('\n')).toHaveLength(1);
    expect(say(at, 'ss -H6tln').trim().split('\n')).toHaveLength(3);
    expect(
      say(at, 'ss -H6tlne')
        .match(/v6only:\d/g)
        ?.toSorted(),
    ).toEqual(['v6only:0', 'v6only:1', 'v6only:1']);
    const tcp6 = say(at, 'cat /proc/net/tcp6');
    expect(tcp6).toContain(`${'0'.repeat(32)}:1452`);
    expect(tcp6).toContain('B80D0120000000000000000002000000:1453');
    expect(say(at, 'cat /proc/net/sockstat6')).toContain('TCP6: inuse 3\n');
  });

  it('cannot have an address that is not the host’s, nor one without its link', () => {
    const at = terminal();
    const refused = (line: string): string => {
      try {
        say(at, line);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(refused('tcpsink 6000 4 accept 2001:db8::7')).toContain(
      'tcpsink: bind: Cannot assign requested address',
    );
    expect(refused('udpsink 6000 bind fe80::1')).toContain('udpsink: bind: Invalid argument');
    expect(refused('udpsink 6000 bind nowhere')).toContain('usage: udpsink');
  });
});

describe('a connection', () => {
  it('shows its addresses in brackets, and its link where they need one', () => {
    const at = terminal();
    tryLine(at, 'iperf3 -s -D');
    say(at, 'traffic start tcp --ip 6 --bytes 10k');
    say(at, 'traffic start tcp --ip 6 --to fe80::5054:ff:fe12:3450 --bytes 10k');
    say(at, 'traffic start tcp --bytes 10k');
    advance(at.host.k, at.host.k.now + 20 * ms);
    const rows = say(at, 'ss -Htan').trim().split('\n');
    const peers = rows.map((line) => line.trim().split(/ +/)).map((row) => `${row[3]} ${row[4]}`);
    expect(peers.some((one) => /^\[2001:db8::2\]:5201 \[2001:db8::1\]:\d+$/.test(one))).toBe(true);
    const scoped = /^\[fe80::5054:ff:fe12:3450\]%eth0:5201 \[fe80::1\]:\d+$/;
    expect(peers.some((one) => scoped.test(one))).toBe(true);
    expect(
      peers.some((one) => /^\[::ffff:10.0.0.2\]:5201 \[::ffff:10.0.0.1\]:\d+$/.test(one)),
    ).toBe(true);
    const found = say(at, "ss -Htan 'src [2001:db8::2]'").trim().split('\n');
    expect(found).toHaveLength(1);
    const counters = say(at, 'nstat -az Ip6InDelivers Ip6OutRequests Udp6NoPorts');
    expect(counters).toMatch(/^Ip6InDelivers +[1-9]/m);
    expect(counters).toMatch(/^Ip6OutRequests +[1-9]/m);
    expect(counters).toMatch(/^Udp6NoPorts +0 /m);
  });
});

describe('an address of IPv6', () => {
  it('shows in ip, with the routes that follow from it, and in /proc', () => {
    const at = terminal();
    expect(say(at, 'ip -6 addr show dev eth0')).toContain(
      '    inet6 2001:db8::2/64 scope global \n       valid_lft forever preferred_lft forever\n    inet6 fe80::',
    );
    expect(say(at, 'ip -6 route')).toContain(
      '2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\nfe80::/64 dev eth0',
    );
    expect(say(at, 'ip -6 route show table local')).toContain(
      'local 2001:db8::2 dev eth0 table local proto kernel metric 0 pref medium\n',
    );
    expect(say(at, 'cat /proc/net/if_inet6')).toContain(
      '20010db8000000000000000000000002 02 40 00 80     eth0\n',
    );
    say(at, 'ip addr del 2001:db8::2/64 dev eth0');
    expect(say(at, 'ip -6 addr')).not.toContain('2001:db8');
  });

  it('of a UDP socket shows in ss and /proc/net/udp6', () => {
    const at = terminal();
    tryLine(at, 'udpsink 9000 bind 2001:db8::2 &');
    expect(say(at, 'ss -Huan')).toMatch(/\[2001:db8::2\]:9000 +\[::\]:\*/);
    expect(say(at, 'cat /proc/net/udp6')).toContain(': B80D0120000000000000000002000000:2328 ');
    expect(say(at, 'cat /proc/net/udp')).not.toContain(':2328');
  });
});
