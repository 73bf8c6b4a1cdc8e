import { describe, expect, it } from 'vitest';
import { ip } from '../../../src/shell/commands/ip.ts';
import { tc } from '../../../src/shell/commands/tc.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { hostLike, type } from './typing.ts';

const show = (k: Kernel, rest = 'dev eth0') => type(tc, k, `tc qdisc show ${rest}`).out;

const FQ_CODEL =
  'limit 10240p flows 1024 quantum 1514 target 5ms interval 100ms memory_limit 32Mb ecn drop_batch 64 ';

describe('tc qdisc', () => {
  it('shows a queueing discipline for each transmit queue, the last first', () => {
    expect(show(hostLike('virtio')).split('\n').slice(0, 2)).toEqual([
      'qdisc mq 0: root ',
      `qdisc fq_codel 0: parent :4 ${FQ_CODEL}`,
    ]);
  });

  it('puts another discipline at the root, with the next free handle, and takes it away again', () => {
    const k = hostLike('igb');
    const before = show(k);
    type(tc, k, 'tc qdisc replace dev eth0 root pfifo_fast');
    expect(show(k)).toBe(
      'qdisc pfifo_fast 8001: root refcnt 9 bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1\n',
    );
    type(tc, k, 'tc qdisc replace dev eth0 root pfifo limit 10');
    expect(show(k)).toBe('qdisc pfifo 8002: root refcnt 9 limit 10p\n');
    expect(type(ip, k, 'ip link show eth0').out).toContain(' qdisc pfifo state UP');
    expect(type(tc, k, 'tc qdisc del dev eth0 root').status).toBe(0);
    expect(show(k)).toBe(before);
  });

  it('adds over a discipline of another kind, but not over one of the same', () => {
    const k = hostLike('igb');
    type(tc, k, 'tc qdisc add dev eth0 root pfifo');
    expect(type(tc, k, 'tc qdisc add dev eth0 root fq').status).toBe(0);
    expect(type(tc, k, 'tc qdisc add dev eth0 root fq')).toMatchObject({
      err: 'Error: Exclusivity flag on, cannot modify.\n',
      status: 2,
    });
  });

  it('changes what is named and keeps the rest; fq_codel never changes its flows', () => {
    const k = hostLike('igb');
    type(tc, k, 'tc qdisc add dev eth0 root fq_codel target 1ms interval 20ms flows 256 noecn');
    type(tc, k, 'tc qdisc change dev eth0 root fq_codel limit 500');
    expect(show(k)).toBe(
      'qdisc fq_codel 8001: root refcnt 9 limit 500p flows 256 quantum 1514 target 999us interval 20ms memory_limit 32Mb drop_batch 64 \n',
    );
    expect(type(tc, k, 'tc qdisc change dev eth0 root fq_codel flows 512')).toMatchObject({
      err: 'RTNETLINK answers: Invalid argument\n',
      status: 2,
    });
  });

  it('takes the discipline of net.core.default_qdisc when the root is made anew', () => {
    const k = hostLike('virtio');
    k.sysctl['net.core.default_qdisc'] = 'pfifo_fast';
    expect(show(k)).toContain('fq_codel');
    type(tc, k, 'tc qdisc replace dev eth0 root mq');
    expect(show(k).split('\n').slice(0, 2)).toEqual([
      'qdisc mq 8001: root ',
      'qdisc pfifo_fast 0: parent 8001:4 bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1',
    ]);
  });

  it.each([
    ['add dev eth0 root nosuch', 2, 'Error: Specified qdisc kind is unknown.'],
    ['add dev nosuch0 root fq', 1, 'Cannot find device "nosuch0"'],
    ['replace dev eth0 root fq limit lots', 1, 'Illegal "limit"'],
    ['replace dev eth0 root fq banana', 1, 'What is "banana"?'],
    ['add dev eth0 root handle zz: fq', 255, 'Error: argument "zz:" is wrong: invalid qdisc ID'],
    ['replace', 2, 'RTNETLINK answers: No such device'],
    ['del dev eth0 root', 2, 'Error: Cannot delete qdisc with handle of zero.'],
    ['add dev eth0 root tbf rate 1mbit', 1, 'softnet: not modelled here: tc qdisc add ... tbf'],
  ])('answers %s with status %i: %s', (words, status, says) => {
    const k = hostLike('igb');
    const before = k.config_version;
    const { err, status: got } = type(tc, k, `tc qdisc ${words}`);
    expect(err.split('\n')[0]).toBe(says);
    expect(got).toBe(status);
    expect(k.config_version).toBe(before);
  });
});
