import { describe, expect, it } from 'vitest';
import { checkLedger } from '../../../src/kernel/ledger.ts';
import { advance } from '../../../src/kernel/run.ts';
import { traffic } from '../../../src/shell/commands/traffic.ts';
import { hostLike, type } from './typing.ts';

describe('traffic', () => {
  it('says that it is not a Linux command', () => {
    expect(type(traffic, hostLike('alder'), 'traffic --help').out).toMatch(
      /^traffic: not a Linux command; it belongs to Softnet\./,
    );
  });

  it('starts a sender, lists it and stops it', () => {
    const k = hostLike('alder');
    expect(type(traffic, k, 'traffic start udp --rate 200k --count 300').out).toBe(
      '0: udp to 10.0.0.2:9000 on eth0, 200k/s, 64-byte frames, 8 flows\n',
    );
    advance(k, 1_000_000);
    expect(type(traffic, k, 'traffic').out.split('\n')[1]!.split(/ +/)).toEqual([
      ...[
        '0',
        'eth0',
        'constant',
        '200k/s',
        '64',
        '8',
        '9000',
        String(k.sources[0]!.sent),
        'running',
      ],
    ]);
    expect(type(traffic, k, 'traffic stop').status).toBe(0);
    expect(k.sources[0]!.active).toBe(false);
    expect(type(traffic, k, 'traffic stop').err).toBe('traffic: no sender runs\n');
    checkLedger(k);
  });

  it('knows the line rate of the wire', () => {
    const k = hostLike('alder');
    type(traffic, k, 'traffic start udp --rate line');
    expect(k.sources[0]!.pps).toBe(1_488_095);
    expect(type(traffic, hostLike('virtio'), 'traffic start udp --rate line').err).toContain(
      'no line rate',
    );
  });

  it('takes a burst size as the wish for bursts', () => {
    const k = hostLike('alder');
    type(traffic, k, 'traffic start udp --burst 1024 --every 10ms');
    expect(k.sources[0]).toMatchObject({ pattern: 'burst', burst: 1024, period_ns: 10_000_000 });
  });

  it.each([
    'start',
    'start udp --rate',
    'start udp --rate fast',
    'start udp --rate 0',
    'start udp --rate 900M',
    'start udp --size 63',
    'start udp --size 1600 --ip 6 --mtu 1000',
    'start arp --size 1600',
    'start udp --size 65554',
    'start udp --mtu 60',
    'start udp --vlan 4095',
    'start udp --to here',
    'start udp --to 10.0.0.300',
    'start udp --to fe80::1',
    'start udp --port 65000 --ports 1000',
    'start udp --bad-header tos',
    'start udp --ip 5',
    'start gre',
    'start tcp --flows 3',
    'start tcp --rate line',
    'start udp --connections 3',
    'start syn --sources 0',
    'start clients --count 20000',
    'start udp --dev lo',
    'start udp --dev eth9',
    'start udp --bad-fcs 101%',
    'start udp --frob 1',
    'reader --port 9000',
    'frob',
  ])('refuses "%s" with status 2 and starts nothing', (words) => {
    const k = hostLike('alder');
    const typed = type(traffic, k, `traffic ${words}`);
    expect(typed).toMatchObject({ out: '', status: 2 });
    expect(typed.err).toMatch(/^traffic: /);
    expect(k.sources).toEqual([]);
  });

  it('starts what the words say: family, tag, addresses, fragments', () => {
    const k = hostLike('alder');
    const out = (words: string): string => type(traffic, k, `traffic start ${words}`).out;
    expect(out('udp --size 4018 --vlan 10 --sources 2 --flows 2 --ttl 3 --tos 0x10')).toBe('');
    expect(out('udp --size 4018 --vlan 10 --sources 2 --flows 2 --ttl 3 --tos 16')).toBe(
      '0: udp to 10.0.0.2:9000 on eth0, 100k/s, 4018-byte datagrams in 3 fragments, 2 flows\n',
    );
    expect(k.flows.ttl.concat(k.flows.tos)).toEqual([3, 3, 16, 16]);
    expect(out('icmp --to 10.0.0.255 --flows 1')).toBe(
      '1: icmp to 10.0.0.255 on eth0, 100k/s, 64-byte frames, 1 flow\n',
    );
    expect(out('arp --rate 1k --flows 1')).toContain('2: arp to 10.0.0.2 on eth0, 1k/s');
    expect(out('udp --ip 6 --flows 1')).toMatch(/^3: udp to \[fe80::[0-9a-f:]+\]:9000 on eth0/);
  });

  it('starts hosts that speak TCP, lists them and stops them', () => {
    const k = hostLike('alder');
    const out = (words: string): string => type(traffic, k, `traffic ${words}`).out;
    expect(out('start tcp --connections 4')).toBe(
      'r0: tcp to 10.0.0.2:5201 on eth0, link speed, 4 connections, 1448-byte segments\n',
    );
    expect(out('start syn --rate 50k --sources 100 --count 7 --port 80')).toBe(
      'r1: syn to 10.0.0.2:80 on eth0, 50k/s, 100 addresses\n',
    );
    expect(out('start clients --rate 2k --count 10')).toBe(
      'r2: clients to 10.0.0.2:5201 on eth0, 2k connections/s, 10 connections\n',
    );
    advance(k, 5_000_000);
    checkLedger(k);
    expect(k.remotes[1]!.sent).toBe(7);
    expect(out('').split('\n')[2]).toMatch(/^r1 +eth0 +synflood +50k\/s +0 +100 +80 +7 +/);
    out('stop r0');
    expect(k.remotes.map((one) => one.active)).toEqual([false, k.remotes[1]!.active, true]);
    expect(type(traffic, k, 'traffic stop all').status).toBe(0);
    expect(type(traffic, k, 'traffic stop r7').err).toBe('traffic: no sender r7\n');
  });

  it('makes the reader slower', () => {
    const k = hostLike('alder');
    expect(type(traffic, k, 'traffic reader --port 9000 --service 50us').status).toBe(0);
    expect(k.tasks[k.socks[0]!.reader]!.service_ns).toBe(50_000);
    expect(type(traffic, k, 'traffic reader --port 53 --service 50us').status).toBe(1);
  });
});
