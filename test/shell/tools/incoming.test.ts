/// Programs that say where a connection's packets come from.
import { describe, expect, it } from 'vitest';
import { startTcp } from '../../../src/kernel/remote/remote_start.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { incomingCpu } from '../../../src/shell/commands/incoming.ts';
import { terminal } from '../../kernel/xdp_hosts.ts';
import { hostLike, type } from './typing.ts';

describe('the source of a connection', () => {
  const connections = (k: Kernel, count: number): void =>
    void startTcp(k, { dev: 1, dport: 7000, connections: count, rate_pps: 1_000 });

  it('is the NAPI instance of the receive queue that its flow goes to', () => {
    const { host, say } = terminal('igb');
    const { k } = host;
    connections(k, 3);
    const lines = say('incoming_napi_id 7000 3').out.trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      const [, sport = '', id = ''] = /^10\.0\.0\.1:(\d+) (\d+)$/.exec(line) ?? [];
      const flow = k.flows.sport.findIndex(
        (port, f) => port === Number(sport) && k.flows.dport[f] === 7000,
      );
      const q = k.devs[1]!.rx[k.flows.queue[flow]!]!;
      expect(k.napis[q.napi]!.napi_id).toBe(Number(id));
    }
    expect(k.socks.filter(({ port, task }) => port === 7000 && task !== 0)).toEqual([]);
  });

  it('is the CPU that took its last packet up to TCP', () => {
    const { host, say } = terminal('igb');
    const { k } = host;
    connections(k, 1);
    const cpu = Number(say('incoming_cpu 7000 1').out.trim().split(' ')[1]);
    const queue = k.devs[1]!.rx.findIndex(({ packets }) => packets > 0);
    const irq = k.irqs.find(({ name }) => name === `eth0-TxRx-${queue}`)!;
    expect(cpu).toBe(irq.effective);
  });

  it('is not shown for a port that is taken, or for no port', () => {
    const k = hostLike('igb');
    for (const line of ['incoming_cpu', 'incoming_cpu 0 1', 'incoming_cpu 7000 x'])
      expect(type(incomingCpu, k, line)).toMatchObject({
        err: 'usage: incoming_cpu PORT N\n',
        status: 2,
      });
  });
});
