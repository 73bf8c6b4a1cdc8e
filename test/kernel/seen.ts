/// A host as its user sees it: what commands print, read back into numbers.
import { hosts } from '../../src/hardware/hosts.ts';
import type { HostDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import { ms } from './hosts.ts';
import { say, type Typist } from './typist.ts';

export const igb = hosts['igb']!;
export const QUEUES = '/sys/class/net/eth0/queues/rx-*';

/// The igb machine with eth0 alone and a reader of port 9000 on CPU 7.
export function machine(service_ns = 0, queues = 1): HostDescription {
  const app = { comm: 'sink', user: 'alice', port: 9000, cpu: 7, service_ns, rcvbuf: 0 };
  return { ...igb, nics: [{ ...igb.nics[0]!, queues }], apps: [app] };
}

export function after(typist: Typist, lines: readonly string[], time_ns = 10 * ms): Typist {
  for (const line of lines) say(typist, line);
  const { k } = typist.host;
  advance(k, k.now + time_ns);
  checkLedger(k);
  return typist;
}

export interface SoftnetRow {
  readonly processed: number;
  readonly dropped: number;
  readonly squeezed: number;
  readonly rps: number;
  readonly flow_limit: number;
  readonly cpu: number;
}

export function softnet(typist: Typist): SoftnetRow[] {
  const rows = say(typist, 'cat /proc/net/softnet_stat').trim().split('\n');
  return rows.map((row) => {
    const n = row.split(' ').map((word) => parseInt(word, 16));
    return {
      ...{ processed: n[0]!, dropped: n[1]!, squeezed: n[2]! },
      ...{ rps: n[9]!, flow_limit: n[10]!, cpu: n[12]! },
    };
  });
}

export const total = (rows: readonly SoftnetRow[], key: keyof SoftnetRow): number =>
  rows.reduce((sum, row) => sum + row[key], 0);

export function counter(typist: Typist, name: string): number {
  const line = say(typist, `nstat -asz ${name}`)
    .split('\n')
    .find((row) => row.startsWith(name));
  return Number(line?.split(/\s+/)[1]);
}

/// The CPU that takes the interrupt of queue 0.
export function irqCpu({ host: { k } }: Typist): number {
  return k.irqs[k.napis[k.devs[1]!.rx[0]!.napi]!.irq]!.effective;
}

export function interrupts(typist: Typist): number {
  const { k } = typist.host;
  const row = say(typist, "grep 'eth0-' /proc/interrupts").split('\n');
  return row
    .flatMap((line) =>
      line
        .trim()
        .split(/\s+/)
        .slice(1, 1 + k.desc.cpus),
    )
    .reduce((sum, word) => sum + Number(word), 0);
}

export const rxPackets = (typist: Typist): number =>
  Number(say(typist, 'cat /sys/class/net/eth0/statistics/rx_packets'));
