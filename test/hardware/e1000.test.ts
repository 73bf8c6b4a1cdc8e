import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { e1000_update_itr, itrInterval } from '../../src/hardware/e1000_itr.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { dev_close, dev_open } from '../../src/kernel/dev.ts';
import {
  ethnl_set_privflags,
  ethtool_set_pauseparam,
  ethtool_set_ringparam,
} from '../../src/kernel/ethtool_ops.ts';
import { ethtool_set_coalesce } from '../../src/kernel/ethtool_ops_coalesce.ts';
import { ethtool_set_features } from '../../src/kernel/ethtool_ops_features.ts';
import { ethtool_set_link_ksettings } from '../../src/kernel/ethtool_ops_link.ts';
import { irq_set_affinity } from '../../src/kernel/irq.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { advance } from '../../src/kernel/run.ts';
import type { Kernel, NetDevice } from '../../src/kernel/state.ts';
import { startSource } from '../../src/kernel/traffic.ts';

const MS = 1_000_000;

/// The recorded machine with three NICs, and an application that reads UDP.
function mixed(service_ns = 500): Kernel {
  const app = { comm: 'udp-sink', user: 'alice', port: 9000, cpu: 6, service_ns, rcvbuf: 0 };
  return boot({ ...hosts['mixed']!, apps: [app] }, 1);
}

function device(k: Kernel, name: string): NetDevice {
  return k.devs.find((dev) => dev.name === name)!;
}

function flood(k: Kernel, name: string, pps: number, len: number, limit = Infinity): void {
  const dev = k.devs.indexOf(device(k, name));
  startSource(k, { dev, pattern: 'constant', pps, len, flows: 1, dport: 9000, limit });
}

describe('e1000e', () => {
  it('lets the NIC have descriptors up to a multiple of 16 only: 240 of 256', () => {
    const k = mixed();
    const dev = device(k, 'eth1');
    expect(dev.rx[0]!.ready).toBe(240);
    expect(ethtool_set_ringparam(k, dev, { rx: 100 }).ok).toBe(true);
    expect(dev.ring.rx).toBe(104);
    expect(dev.rx[0]!.ready).toBe(96);
  });

  it('gives every descriptor back that it cleaned, however the frames fall', () => {
    const k = mixed();
    flood(k, 'eth1', 300_000, 64, 5_000);
    advance(k, 60 * MS);
    const q = device(k, 'eth1').rx[0]!;
    expect(q.used).toBe(0);
    expect(q.ready).toBeGreaterThan(256 - 2 * 16);
    expect(q.ready).toBeLessThanOrEqual(255);
    expect((q.head + q.ready) % 16).toBe(0);
    checkLedger(k);
  });

  it('copies frames below 256 bytes into a small head, and hands up the buffer of others', () => {
    const truesize = (len: number): number => {
      const k = mixed(100 * MS);
      flood(k, 'eth1', 1000, len, 3);
      advance(k, 5 * MS);
      return k.skbs.truesize[k.socks[0]!.head < 0 ? k.socks[0]!.reader_head : k.socks[0]!.head]!;
    };
    expect(truesize(64)).toBe(1280); // 1 KiB head and sk_buff
    expect(truesize(1200)).toBe(2176); // 1522 bytes, headroom and shared info, and sk_buff
  });

  it('interrupts 20,000 times a second at most in the conservative mode, and 4,000 for bulk', () => {
    const k = mixed();
    const dev = device(k, 'eth1');
    const n = k.napis[dev.rx[0]!.napi]!;
    expect(n.itr_ns).toBe(195 * 256);
    flood(k, 'eth1', 80_000, 1500);
    advance(k, 100 * MS);
    // Four frames of 1500 in 50 us are low latency; only more than 10,000 bytes a poll are bulk.
    expect(n.itr_ns).toBe(195 * 256);
    expect(itrInterval(4000)).toBe(976 * 256);
    expect(e1000_update_itr(1, 9, 10_001)).toBe(2);
    expect(e1000_update_itr(2, 36, 25_001)).toBe(1);
  });

  it('takes 0, 1, 3, 4 and 10 to 10000 microseconds, shows what is left of the rate, and loses it in a reset', () => {
    const k = mixed();
    const dev = device(k, 'eth1');
    const show = (): unknown => driverOf(dev).coalesce!.show(dev)['rx-usecs'];
    for (const usecs of [2, 5, 9, 10_001])
      expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': usecs })).toMatchObject({
        errno: 'EINVAL',
      });
    expect(show()).toBe(3);
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 3000 }).ok).toBe(true);
    expect(show()).toBe(3012); // 333 interrupts a second, kept as 332
    const n = k.napis[dev.rx[0]!.napi]!;
    expect(n.itr_ns).toBe(itrInterval(333));
    ethtool_set_ringparam(k, dev, { rx: 512 });
    expect(n.itr_ns).toBe(itrInterval(20_000));
    dev_close(k, dev);
    dev_open(k, dev);
    expect(n.itr_ns).toBe(itrInterval(333));
    expect(ethtool_set_coalesce(k, dev, { 'tx-usecs': 10 })).toMatchObject({
      extack: 'cannot modify an unsupported parameter',
    });
  });

  it('resets for rx-all and rx-fcs, and says when the link is back', () => {
    const k = mixed();
    const dev = device(k, 'eth1');
    ethtool_set_features(k, dev, { 'rx-fcs': true });
    expect(dev.carrier).toBe(false);
    advance(k, k.now + 1000 * MS);
    expect(dev.carrier).toBe(true);
    expect(k.dmesg.at(-1)).toContain(
      'e1000e 0000:81:00.0 eth1: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx',
    );
  });

  it('refuses s0ix-enabled, and half duplex at 1000 Mb/s', () => {
    const k = mixed();
    const dev = device(k, 'eth1');
    expect(ethnl_set_privflags(k, dev, { 's0ix-enabled': true })).toMatchObject({
      errno: 'EINVAL',
    });
    const forced = { speed: 1000, duplex: 'half', autoneg: false } as const;
    expect(ethtool_set_link_ksettings(k, dev, forced)).toMatchObject({ errno: 'EINVAL' });
    expect(dev.carrier).toBe(true);
  });

  it('counts bytes with their FCS, e1000 without', () => {
    const k = mixed();
    flood(k, 'eth1', 10_000, 100, 100);
    flood(k, 'eth2', 10_000, 100, 100);
    advance(k, 30 * MS);
    const bytes = (name: string): number =>
      driverOf(device(k, name)).linkStats(device(k, name)).rx_bytes;
    expect(bytes('eth1')).toBe(100 * 100);
    expect(bytes('eth2')).toBe(100 * 96);
  });
});

describe('e1000', () => {
  it('has one legacy interrupt, on a line of the I/O APIC that every CPU may take', () => {
    const k = mixed();
    const irq = k.irqs.find((each) => each.name === 'eth2')!;
    expect(irq).toMatchObject({ irq: 21, chip: 'IO-APIC', hwirq: '21-fasteoi', effective: 4 });
    expect(irq.affinity).toEqual([0xff]);
    flood(k, 'eth2', 1000, 64, 5);
    advance(k, 20 * MS);
    expect(irq.counts[4]).toBeGreaterThan(0);
  });

  it('shares its line with another NIC, which then costs every interrupt a look at it', () => {
    const desc = hosts['mixed']!;
    const third = desc.nics[2]!;
    const fourth = {
      ...third,
      ...{ name: 'eth3', mac: '52:54:00:12:34:53', pci: '0000:00:06.0' },
      ...{ address: '10.0.3.2/24', peer: '10.0.3.1' },
    };
    const k = boot({ ...desc, nics: [...desc.nics, fourth] }, 1);
    const irq = k.irqs.find((each) => each.irq === 21)!;
    expect(irq.name).toBe('eth2, eth3');
    const both = irq.extra_ns;
    flood(k, 'eth3', 1000, 64, 5);
    advance(k, 20 * MS);
    expect(irq.counts[4]).toBeGreaterThan(0);
    expect(device(k, 'eth3').rx[0]!.packets).toBe(5);
    dev_close(k, device(k, 'eth2'));
    expect(irq.name).toBe('eth3');
    expect(irq.extra_ns).toBe(both / 2);
    dev_close(k, device(k, 'eth3'));
    expect(irq).toMatchObject({ name: '', effective: -1 });
    dev_open(k, device(k, 'eth2'));
    expect(irq.name).toBe('eth2');
    expect(irq.effective).toBeGreaterThanOrEqual(0);
  });

  it('moves to the CPU of a new mask with the next interrupt, and stays while no CPU of a mask is online', () => {
    const k = mixed();
    const irq = k.irqs.find((each) => each.irq === 21)!;
    expect(irq_set_affinity(k, 21, [0])).toMatchObject({ ok: false, errno: 'EINVAL' });
    expect(irq.affinity).toEqual([0xff]);
    expect(irq_set_affinity(k, 21, [0x02]).ok).toBe(true);
    expect(irq.effective).toBe(4);
    flood(k, 'eth2', 1000, 64, 3);
    advance(k, 20 * MS);
    expect(irq.effective).toBe(1);
    expect(irq.counts).toEqual([0, expect.any(Number), 0, 0, 1, 0, 0, 0]);
    expect(irq.counts[1]).toBeGreaterThan(0);
  });

  it('cannot be told how to moderate, though the driver could', () => {
    const k = mixed();
    const dev = device(k, 'eth2');
    expect(ethtool_set_coalesce(k, dev, { 'rx-usecs': 50 })).toMatchObject({ errno: 'EOPNOTSUPP' });
    expect(ethtool_set_coalesce(k, dev, { 'rx-frames': 5 })).toMatchObject({ errno: 'EINVAL' });
  });

  it('obeys pause frames and sends none, whatever is asked, while it negotiates', () => {
    const k = mixed();
    const dev = device(k, 'eth2');
    ethtool_set_pauseparam(k, dev, { tx: true });
    expect(dev.pause).toEqual({ autoneg: true, rx: true, tx: false });
    ethtool_set_pauseparam(k, dev, { autoneg: false, tx: true });
    expect(dev.pause).toEqual({ autoneg: false, rx: true, tx: true });
  });
});
