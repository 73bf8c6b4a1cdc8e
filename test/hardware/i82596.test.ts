import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_set_threaded } from '../../src/kernel/dev.ts';
import { ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import type { HostDescription, NicDescription } from '../../src/kernel/host.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';

const SECOND = 1_000_000_000;
const classic = hosts['classic']!;

/// The same host with a NIC whose driver has NAPI.
function withNapi(): HostDescription {
  const { intx: _line, ...rest } = classic.nics[0]!;
  const nic: NicDescription = { ...rest, driver: 'igb' };
  return { ...classic, nics: [nic] };
}

function flood(desc: HostDescription, pps: number): Kernel {
  const k = boot(desc, 1);
  startSource(k, { dev: 1, pps, len: 64, flows: 4, dport: 9000 });
  advance(k, 2 * SECOND);
  checkLedger(k);
  return k;
}

/// Datagrams a second that the application got in the last of two seconds.
function delivered(desc: HostDescription, pps: number): number {
  const k = boot(desc, 1);
  startSource(k, { dev: 1, pps, len: 64, flows: 4, dport: 9000 });
  advance(k, SECOND);
  const before = k.ledger.delivered;
  advance(k, 2 * SECOND);
  checkLedger(k);
  return k.ledger.delivered - before;
}

describe('a driver without NAPI', () => {
  it('delivers all that is offered as long as it can, then less, then nothing', () => {
    const [slow, ...faster] = [500, 1000, 1500, 2000].map((pps) => delivered(classic, pps));
    expect(Math.abs(slow! - 500)).toBeLessThanOrEqual(1);
    const best = Math.max(...faster);
    expect(best).toBeGreaterThan(900);
    expect(delivered(classic, 3500)).toBeLessThan(best / 4);
    expect([8000, 14_000].map((pps) => delivered(classic, pps))).toEqual([0, 0]);
  });

  it('spends the whole time of a flood in hard interrupts, and throws the work away at the backlog', () => {
    const k = flood(classic, 8000);
    const { hardirq, softirq, process } = k.cpus[0]!.time;
    expect(hardirq).toBeGreaterThan(0.99 * 2 * SECOND);
    expect(softirq + process).toBe(0);
    expect(k.cpus[0]!.dropped).toBeGreaterThan(14_000);
    expect(k.devs[1]!.rx_dropped).toBe(k.cpus[0]!.dropped);
    expect(driverOf(k.devs[1]!).linkStats(k.devs[1]!).rx_errors).toBe(0);
  });

  it('with NAPI a flood that never lets the ring run dry leaves the reader its share', () => {
    const best = Math.max(...[1000, 1500, 2000].map((pps) => delivered(withNapi(), pps)));
    expect(best).toBeGreaterThan(900);
    for (const pps of [12_000, 14_000])
      expect(delivered(withNapi(), pps)).toBeGreaterThan(0.9 * best);
  });

  it('raises an interrupt for each frame while they come slowly', () => {
    const k = flood(classic, 1000);
    const irq = k.irqs.find(({ name }) => name === 'i82596')!;
    expect(irq).toMatchObject({ irq: 21, chip: 'IO-APIC' });
    expect(irq.counts[0]).toBe(k.ledger.offered);
  });

  it('counts an error for each time that its list of sixteen ran empty, not for each frame lost', () => {
    const k = flood({ ...classic, slowdown: 400 }, 14_000);
    const lost = k.ledger.drops[REASON.NO_RESOURCES]!;
    const { rx_errors, rx_fifo_errors, rx_dropped } = driverOf(k.devs[1]!).linkStats(k.devs[1]!);
    expect(rx_errors).toBe(rx_fifo_errors);
    expect(rx_errors).toBeGreaterThan(100);
    expect(lost).toBeGreaterThan(5 * rx_errors);
    expect(rx_dropped).toBe(0);
  });

  it('has no ethtool operations', () => {
    const k = boot(classic, 1);
    expect(k.devs[1]!.ring).toMatchObject({ rx: 16, tx: 32 });
    expect(ethtool_set_ringparam(k, k.devs[1]!, { rx: 32 })).toMatchObject({ errno: 'EOPNOTSUPP' });
  });

  it('has nothing that a thread could poll', () => {
    const k = boot(classic, 1);
    expect(dev_set_threaded(k, k.devs[1]!, true)).toMatchObject({ errno: 'EOPNOTSUPP' });
  });
});
