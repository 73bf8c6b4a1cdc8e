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
    'start tcp',
    'start udp --rate',
    'start udp --rate fast',
    'start udp --rate 0',
    'start udp --rate 900M',
    'start udp --size 63',
    'start udp --size 1600',
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

  it('makes the reader slower', () => {
    const k = hostLike('alder');
    expect(type(traffic, k, 'traffic reader --port 9000 --service 50us').status).toBe(0);
    expect(k.tasks[k.socks[0]!.reader]!.service_ns).toBe(50_000);
    expect(type(traffic, k, 'traffic reader --port 53 --service 50us').status).toBe(1);
  });
});
