/// The NAPI instances that a CPU has to poll, in the order in which net_rx_action() takes them.
import type { Cpu, Kernel } from '../../src/kernel/state.ts';

export interface ToPoll {
  readonly name: string; // rx-3
  readonly state: 'polled now' | 'waits' | 'polled, has more' | 'next run';
  readonly done: number; // packets in the present or last poll
  readonly weight: number;
}

export function pollList(k: Kernel, cpu: Cpu): ToPoll[] {
  const { net_rx, poll_list } = cpu;
  const named = (ids: readonly number[], state: ToPoll['state']): ToPoll[] =>
    ids.map((id) => {
      const napi = k.napis[id]!;
      const name = napi.dev < 0 ? 'backlog' : `rx-${napi.queue}`;
      return { name, state, done: napi.frames_this_poll, weight: napi.weight };
    });
  return [
    ...named(net_rx.napi < 0 ? [] : [net_rx.napi], 'polled now'),
    ...named(net_rx.list, 'waits'),
    ...named(net_rx.repoll, 'polled, has more'),
    ...named(poll_list, 'next run'),
  ];
}
