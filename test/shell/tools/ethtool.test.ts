import { describe, expect, it } from 'vitest';
import { startSource } from '../../../src/kernel/traffic.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { ethtool } from '../../../src/shell/commands/ethtool.ts';
import { hostLike, type } from './typing.ts';

const on = (k: Kernel) => (line: string, uid?: number) =>
  type(ethtool, k, line, uid === undefined ? {} : { uid });

const line = (text: string, start: string): string | undefined =>
  text.split('\n').find((one) => one.startsWith(start));

describe('ethtool -G', () => {
  it('rounds up to eight on igb, never below 64', () => {
    const k = hostLike('igb');
    const typed = on(k);
    const size = (asked: string): number => {
      expect(typed(`ethtool -G eth0 rx ${asked}`).status).toBe(0);
      return k.devs[1]!.ring.rx;
    };
    expect([size('1001'), size('1000'), size('10'), size('4096'), size('0')]).toEqual([
      ...[1008, 1000, 64, 4096, 64],
    ]);
  });

  it('refuses more than the maximum, with the place in the message and status 81', () => {
    const k = hostLike('igb');
    const typed = on(k)('ethtool -G eth0 tx 64 rx 4097');
    expect(typed.err).toBe(
      'netlink error: requested ring size exceeds maximum (offset 44)\nnetlink error: Invalid argument\n',
    );
    expect(typed.status).toBe(81);
    expect(k.devs[1]!.ring).toMatchObject({ rx: 256, tx: 256 });
  });

  it('takes powers of two alone on virtio_net', () => {
    const k = hostLike('virtio');
    const typed = on(k);
    expect(typed('ethtool -G eth0 rx 100').err).toBe('netlink error: Cannot allocate memory\n');
    expect(k.devs[1]!.ring.rx).toBe(1024);
    expect(typed('ethtool -G eth0 rx 128').status).toBe(0);
    expect(k.devs[1]!.ring.rx).toBe(128);
  });

  it('takes the igb link down for a moment, and leaves virtio_net up', () => {
    const carrier = (profile: string): boolean => {
      const k = hostLike(profile);
      on(k)('ethtool -G eth0 rx 512');
      return k.devs[1]!.carrier;
    };
    expect([carrier('igb'), carrier('virtio')]).toEqual([false, true]);
  });

  it('is refused to an ordinary user, who may look', () => {
    const k = hostLike('igb');
    expect(on(k)('ethtool -G eth0 rx 512', 1000)).toMatchObject({
      err: 'netlink error: Operation not permitted\n',
      status: 81,
    });
    expect(on(k)('ethtool -g eth0', 1000).out).toContain('RX:\t\t\t256\n');
  });

  it.each([
    ['-G eth0 rx', "ethtool (-G): no value for parameter 'rx'\n", 1],
    ['-G eth0 rx many', "ethtool (-G): invalid value 'many' for parameter 'rx'\n", 1],
    ['-G eth0 rx 64 rx 64', "ethtool (-G): duplicate parameter 'rx'\n", 1],
    ['-G eth0 foo 1', "ethtool (-G): unknown parameter 'foo'\n", 1],
    ['-G lo rx 1', 'netlink error: Operation not supported\n', 81],
    ['-g eth0 eth1', "ethtool: unexpected parameter 'eth1'\n", 1],
  ])('ethtool %s says why not', (words, err, status) => {
    expect(on(hostLike('virtio'))(`ethtool ${words}`)).toMatchObject({ err, status });
  });

  it('marks the size of the ring as the dial that it is', () => {
    const { marks } = on(hostLike('igb'))('ethtool -g eth0');
    expect(marks).toContainEqual({ text: '256', ref: 'tunable:ethtool:ring:rx@eth0' });
  });
});

describe('ethtool -C', () => {
  it('keeps igb to 0, 1, 3 and ten microseconds or more', () => {
    const typed = on(hostLike('igb'));
    const status = (usecs: number): number => typed(`ethtool -C eth0 rx-usecs ${usecs}`).status;
    expect([0, 1, 2, 3, 4, 9, 10, 10000, 10001].map(status)).toEqual([0, 0, 1, 0, 1, 1, 0, 0, 1]);
  });

  it('lets igb set a TX interval only when RX and TX have vectors of their own', () => {
    const typed = on(hostLike('igb'));
    expect(typed('ethtool -C eth0 tx-usecs 20').status).toBe(1);
    typed('ethtool -L eth0 combined 4');
    expect(typed('ethtool -C eth0 tx-usecs 20').status).toBe(0);
    expect(line(typed('ethtool -c eth0').out, 'tx-usecs:')).toBe('tx-usecs:\t20');
  });

  it('names a parameter that the driver does not honour', () => {
    expect(on(hostLike('igb'))('ethtool -C eth0 rx-usecs 20 rx-frames 8').err).toContain(
      'cannot modify an unsupported parameter (offset 44)',
    );
  });
});

describe('ethtool -L', () => {
  it('draws the indirection table of igb anew', () => {
    const k = hostLike('igb');
    const typed = on(k);
    typed('ethtool -X eth0 equal 2');
    expect(typed('ethtool -L eth0 combined 4').status).toBe(0);
    expect(k.devs[1]!.rx).toHaveLength(4);
    expect(new Set(k.devs[1]!.rss_indir)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('will not take away a queue that the table set by hand uses', () => {
    const typed = on(hostLike('igb'));
    typed('ethtool -X eth0 start 4 equal 2');
    expect(typed('ethtool -L eth0 combined 4').err).toBe(
      'netlink error: requested channel counts are too low for existing indirection table (5)\nnetlink error: Invalid argument\n',
    );
  });
});

describe('ethtool -K', () => {
  it('switches off what needs scatter-gather, and says so', () => {
    const { out } = on(hostLike('virtio'))('ethtool -K eth0 sg off');
    expect(out.split('\n').slice(0, 3)).toEqual([
      'Actual changes:',
      'tx-scatter-gather: off',
      'tx-generic-segmentation: off [not requested]',
    ]);
  });

  it('couples the VLAN offloads of igb', () => {
    const k = hostLike('igb');
    on(k)('ethtool -K eth0 rxvlan off');
    expect(k.devs[1]!.features['tx-vlan-offload']).toBe(false);
  });

  it('gives the place of an unknown name', () => {
    const typed = on(hostLike('virtio'));
    expect(typed('ethtool -K eth0 gro on warp on')).toMatchObject({
      err: 'netlink error: bit name not found (offset 76)\nnetlink error: Operation not supported\n',
      status: 92,
    });
  });
});

describe('ethtool -S', () => {
  it('shows what the NIC missed, per device and marked', () => {
    const k = hostLike('alder');
    on(k)('ethtool -G eth0 rx 64');
    on(k)('ethtool -C eth0 rx-usecs 10000');
    advance(k, 5_000_000_000);
    startSource(k, { dev: 1, pattern: 'burst', burst: 20_000, period_ns: 1e9, limit: 20_000 });
    advance(k, 6_000_000_000);
    const dev = k.devs[1]!;
    expect(dev.hw.rx_missed_errors).toBeGreaterThan(0);
    const { out, marks } = on(k)('ethtool -S eth0');
    expect(line(out, '     rx_missed_errors')).toBe(
      `     rx_missed_errors: ${dev.hw.rx_missed_errors}`,
    );
    expect(marks).toContainEqual({
      text: String(dev.rx[3]!.drops),
      ref: 'counter:ethtool:igb:rx_queue_N_drops@eth0:3',
    });
  });

  it('has nothing to say of lo', () => {
    expect(on(hostLike('igb'))('ethtool -S lo')).toMatchObject({
      err: 'no stats available\n',
      status: 94,
    });
  });
});

describe('ethtool', () => {
  it.each(['', '-Z eth0', '-g', '--json -l eth0'])('sends to the help for "%s"', (words) => {
    const typed = on(hostLike('igb'))(`ethtool ${words}`);
    expect(typed.err).toMatch(
      /^ethtool: bad command line argument\(s\)\n(.*\n)?For more information run ethtool -h\n$/,
    );
    expect(typed.status).toBe(1);
  });

  it('says what is not modelled', () => {
    expect(on(hostLike('igb'))('ethtool -d eth0')).toMatchObject({
      err: 'softnet: not modelled here: ethtool -d\n',
      status: 1,
    });
  });
});
