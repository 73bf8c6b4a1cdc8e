/// tc filter: what it takes, what it shows, and how it refuses.
import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/kernel/run.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import { tc } from '../../../src/shell/commands/tc.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { hostLike, type } from './typing.ts';

function ready(): { k: Kernel; on: (line: string) => string } {
  const k = hostLike('igb');
  const on = (line: string): string => {
    const { out, err, status } = type(tc, k, `tc ${line}`);
    return out + err + (status === 0 ? '' : `[${status}]`);
  };
  expect(on('qdisc add dev eth0 ingress')).toBe('');
  return { k, on };
}

describe('tc filter', () => {
  it('shows a flower filter with its keys and its action', () => {
    const { on } = ready();
    expect(
      on(
        'filter add dev eth0 ingress protocol ip prio 5 flower ip_proto udp dst_port 9000 src_ip 10.0.0.0/24 action drop',
      ),
    ).toBe('');
    expect(on('filter show dev eth0 ingress')).toBe(`filter protocol ip pref 5 flower chain 0 
filter protocol ip pref 5 flower chain 0 handle 0x1 
  eth_type ipv4
  ip_proto udp
  src_ip 10.0.0.0/24
  dst_port 9000
  not_in_hw
	action order 1: gact action drop
	 random type none pass val 0
	 index 1 ref 1 bind 1

`);
  });

  it('packs the keys of u32 into words and counts them with -s', () => {
    const { k, on } = ready();
    on(
      'filter add dev eth0 parent ffff: protocol ip prio 10 u32 match ip sport 10000 0xffff match ip dport 9000 0xffff flowid 1:1 action pass',
    );
    startSource(k, { dev: 1, pps: 1000, limit: 4, flows: 2, dport: 9000 });
    advance(k, 20_000_000);
    expect(on('-s filter show dev eth0 ingress').split('\n').slice(2, 4)).toEqual([
      'filter protocol ip pref 10 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 flowid 1:1 not_in_hw (rule hit 4 success 2)',
      '  match 27102328/ffffffff at 20 (success 2 ) ',
    ]);
  });

  it('shows a police with the burst that its ticks hold', () => {
    const { on } = ready();
    on(
      'filter add dev eth0 ingress matchall action police rate 10mbit burst 100k conform-exceed drop/pipe',
    );
    expect(on('filter show dev eth0 ingress')).toContain(
      '\taction order 1:  police 0x1 rate 10Mbit burst 100Kb mtu 2Kb action drop/pipe overhead 0b \n\tref 1 bind 1 \n',
    );
  });

  it('counts at the discipline what passed and what was dropped', () => {
    const { k, on } = ready();
    on('filter add dev eth0 ingress matchall action drop');
    startSource(k, { dev: 1, pps: 1000, limit: 4, flows: 2, dport: 9000 });
    advance(k, 20_000_000);
    expect(on('-s qdisc show dev eth0')).toContain(
      'qdisc ingress ffff: parent ffff:fff1 ---------------- \n Sent 184 bytes 4 pkt (dropped 4, overlimits 0 requeues 0) \n',
    );
  });

  it.each([
    ['filter add dev nosuch ingress matchall', 'Cannot find device "nosuch"\n[1]'],
    [
      'filter add dev eth0 ingress bogus x',
      'Unknown filter "bogus", hence option "x" is unparsable\n[1]',
    ],
    [
      'filter add dev eth1 ingress matchall',
      "Error: Parent Qdisc doesn't exists.\nWe have an error talking to the kernel\n[2]",
    ],
    [
      'filter del dev eth0 ingress prio 9',
      'Error: Cannot find specified filter chain.\nWe have an error talking to the kernel\n[2]',
    ],
    [
      'filter add dev eth0 ingress matchall action mirred egress redirect dev nosuch',
      'Cannot find device "nosuch"\nbad action parsing\n[1]',
    ],
    [
      'filter add dev eth0 ingress bpf obj x.o',
      'softnet: not modelled here: tc filter bpf without da and obj\n[1]',
    ],
    [
      'filter add dev eth0 egress matchall action drop',
      'softnet: not modelled here: tc filter ... egress\n[1]',
    ],
    ['filter add dev eth0 ingress cgroup', 'softnet: not modelled here: tc filter cgroup\n[1]'],
  ])('%s', (line, says) => {
    expect(ready().on(line)).toBe(says);
  });

  it('keeps an action that filters share until the last one goes', () => {
    const { k, on } = ready();
    on('actions add action police rate 1mbit burst 10k index 7 drop');
    on('filter add dev eth0 ingress prio 1 matchall action police index 7 mtu 1');
    expect(k.tc.actions).toMatchObject([{ index: 7, refcnt: 2, bindcnt: 1 }]);
    on('filter del dev eth0 ingress');
    expect(k.tc.actions).toMatchObject([{ index: 7, refcnt: 1, bindcnt: 0 }]);
  });
});
