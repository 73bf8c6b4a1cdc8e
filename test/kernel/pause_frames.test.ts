import { describe, expect, it } from 'vitest';
import { driverOf } from '../../src/hardware/driver.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { COSTS } from '../../src/kernel/costs.ts';
import { ethtool_set_pauseparam, ethtool_set_ringparam } from '../../src/kernel/ethtool_ops.ts';
import { planInterrupt } from '../../src/kernel/irq.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { receivePauseFrame, watermarks } from '../../src/kernel/pause_frames.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { startTcp } from '../../src/kernel/remote/remote_start.ts';
import { advance, stepEvent } from '../../src/kernel/run.ts';
import type { FlowControl, Kernel, Napi, Outgoing } from '../../src/kernel/state.ts';
import { stopSource } from '../../src/kernel/traffic.ts';
import { transmit } from '../../src/kernel/transmit.ts';
import { dropped, eth0, hashPorts, host, ms, traffic } from './hosts.ts';

const LINE = 1_488_095; // 64-byte frames a second at 1 Gb/s

/// eth0 with two queues, CPUs that take so many times as long as usual, and that other end.
function paused(partner: FlowControl['partner'], slowdown = 1): Kernel {
  const base = hosts['igb']!;
  const nics = base.nics.map((nic) => ({ ...nic, queues: 2, partner_pause: partner }));
  const app = { comm: 'sink', user: 'alice', port: 9000, cpu: -1, service_ns: 0, rcvbuf: 0 };
  return boot({ ...base, nics, slowdown, apps: [app] }, 1);
}

function queueNapis(k: Kernel): Napi[] {
  return eth0(k).rx.map((q) => k.napis[q.napi]!);
}

/// No descriptor comes back: the rings fill and stay full, until they are served again.
function stall(k: Kernel): void {
  for (const n of queueNapis(k)) n.irq_enabled = false;
}

function serve(k: Kernel): void {
  for (const n of queueNapis(k)) {
    n.irq_enabled = true;
    planInterrupt(k, n);
  }
}

/// A SYN-ACK or its like from the host, for its time on the wire.
function sends(k: Kernel): Outgoing {
  const out: Outgoing = {
    ...{ dev: 1, flow: 0, proto: 17, len: 1000, arrives: 0, remote: -1, tcp: null },
  };
  k.cpus[0]!.cursor_ns = k.now;
  transmit(k, k.cpus[0]!, out);
  return out;
}

describe('watermarks', () => {
  it('are where the driver of each NIC sets them', () => {
    const marks = (profile: string, at: number): unknown => {
      const k = boot(hosts[profile]!, 1);
      const dev = k.devs[at]!;
      dev.fc.partner = 'obeys';
      dev.pause = { ...dev.pause, tx: true };
      return watermarks(dev);
    };
    // 64 KiB less the MTU's frame with two tags (1526) and the longest one (9728), in steps of 16.
    expect(marks('igb', 1)).toEqual({ high: 54272, low: 54256, quanta: 65535, refresh: 65535 });
    // Nine tenths of 32 and of 48 KiB, in steps of 8.
    expect(marks('mixed', 2)).toEqual({ high: 29488, low: 29480, quanta: 1664, refresh: 1664 });
    expect(marks('mixed', 3)).toEqual({ high: 44232, low: 44224, quanta: 65535, refresh: 65535 });
    expect(marks('ixgbe', 1)).toEqual({
      ...{ high: (448 - 15) << 10, low: 10 << 10, quanta: 65535, refresh: 32767 },
    });
    expect(marks('mixed', 1)).toBe(null); // vmxnet3
    expect(marks('mlx5', 1)).toBe(null);
  });

  it('are not there where the wire has no pause frames, the duplex is half, or tx is off', () => {
    const dev = eth0(paused('obeys'));
    expect(watermarks(dev)).not.toBe(null);
    dev.duplex = 'half';
    expect(watermarks(dev)).toBe(null);
    dev.duplex = 'full';
    dev.pause.tx = false;
    expect(watermarks(dev)).toBe(null);
    expect(watermarks(eth0(host()))).toBe(null); // as recorded
  });
});

describe('a NIC that may send pause frames', () => {
  it('stops a sender that obeys, and loses nothing itself', () => {
    const k = paused('obeys', 3);
    traffic(k, { pps: LINE, flows: 1 });
    advance(k, 60 * ms);
    const { hw, fifos } = eth0(k);
    expect(hw['tx_flow_control_xoff']).toBeGreaterThan(10);
    expect(hw['tx_flow_control_xon']).toBeGreaterThan(10);
    expect(dropped(k, REASON.RX_MISSED_ERRORS)).toBe(0);
    expect(fifos[0]!.used).toBeLessThanOrEqual(fifos[0]!.high + 1000);
    checkLedger(k);
  });

  it('does not stop one that ignores it, and loses frames', () => {
    const k = paused('ignores');
    stall(k);
    traffic(k, { pps: LINE, flows: 1 });
    advance(k, 40 * ms);
    expect(eth0(k).hw['tx_flow_control_xoff']).toBe(2); // again after 33.6 ms
    expect(dropped(k, REASON.RX_MISSED_ERRORS)).toBeGreaterThan(50_000);
    expect(k.sources[0]!.lost).toBe(0);
    checkLedger(k);
  });

  it('asks again when the pause is over and the buffer has not emptied', () => {
    const k = paused('obeys');
    stall(k);
    traffic(k, { pps: 100_000, flows: 1 });
    // 255 descriptors and 848 frames of 64 bytes: full after 11 ms. 65535 quanta of 512 ns are 33.55 ms.
    advance(k, 44 * ms);
    expect(eth0(k).hw['tx_flow_control_xoff']).toBe(1);
    advance(k, 100 * ms);
    expect(eth0(k).hw['tx_flow_control_xoff']).toBe(3);
    checkLedger(k);
  });

  it('lets the sender go on at the low mark, one at a time', () => {
    const k = paused('obeys');
    const id = traffic(k, { pps: LINE, flows: 1, limit: 3_000 });
    stall(k);
    advance(k, 2 * ms);
    const before = k.ledger.offered;
    expect(before).toBeGreaterThan(255 + 848);
    expect(before).toBeLessThan(255 + 848 + 20);
    expect(k.sources[id]!.waiting).toBe(1000);
    serve(k);
    advance(k, 30 * ms);
    expect(eth0(k).hw['tx_flow_control_xon']).toBeGreaterThan(0);
    expect(k.ledger.offered).toBe(3_000 - k.sources[id]!.lost);
    expect(k.sources[id]!).toMatchObject({ waiting: 0, active: false });
    checkLedger(k);
  });

  it('pauses every queue for the sake of one: frames for an empty ring wait behind those for a full one', () => {
    const k = paused('obeys');
    hashPorts(k);
    stall(k);
    const [first, second] = queueNapis(k);
    traffic(k, { pps: 400_000, flows: 8 });
    advance(k, 1 * ms);
    second!.irq_enabled = true;
    planInterrupt(k, second!);
    advance(k, 20 * ms);
    const [blocked, free] = eth0(k).rx;
    expect(first!.irq_enabled).toBe(false);
    expect(blocked!.ready).toBe(0);
    expect(free!.used).toBe(0);
    expect(free!.ready).toBeGreaterThan(0);
    expect(eth0(k).hw['tx_flow_control_xoff']).toBe(1);
    const delivered = k.ledger.delivered;
    advance(k, 25 * ms);
    expect(k.ledger.delivered).toBe(delivered);
    checkLedger(k);
  });

  it('drops for the full ring alone when it may not be paused itself, and sends no pause', () => {
    const k = paused('obeys');
    hashPorts(k);
    expect(ethtool_set_pauseparam(k, eth0(k), { autoneg: false, rx: false })).toEqual({ ok: true });
    stall(k);
    traffic(k, { pps: 400_000, flows: 8 });
    advance(k, 1 * ms);
    const [, second] = queueNapis(k);
    second!.irq_enabled = true;
    planInterrupt(k, second!);
    advance(k, 20 * ms);
    expect(eth0(k).hw['tx_flow_control_xoff']).toBe(undefined);
    expect(dropped(k, REASON.RX_QUEUE_DROPS)).toBeGreaterThan(1_000);
    expect(k.ledger.delivered).toBeGreaterThan(1_000);
    checkLedger(k);
  });

  it('sets its packet buffer up when drop enable goes off while it runs', () => {
    const k = paused('obeys');
    const dev = eth0(k);
    ethtool_set_pauseparam(k, dev, { autoneg: false, rx: false });
    ethtool_set_ringparam(k, dev, { rx: 64 });
    advance(k, 1_000 * ms);
    ethtool_set_pauseparam(k, dev, { rx: true });
    stall(k);
    traffic(k, { pps: 100_000, flows: 1, limit: 100 });
    advance(k, 1_010 * ms);
    expect(dev.fifos[0]!.frames).toBe(100 - 63);
  });
});

describe('a sender on a paused wire', () => {
  it('loses at the switch what its port cannot hold, and that is never offered', () => {
    const k = paused('obeys');
    eth0(k).fc.port_frames = 50;
    stall(k);
    const id = traffic(k, { pps: 100_000, flows: 1 });
    advance(k, 20 * ms);
    const { sent, lost, waiting } = k.sources[id]!;
    expect(sent).toBe(k.ledger.offered);
    expect(waiting).toBe(50);
    expect(sent + lost + waiting).toBe(2_001);
    checkLedger(k);
    stopSource(k, id);
    expect(k.sources[id]!.waiting).toBe(0);
  });

  it('finishes the frame that has begun when the pause reaches it', () => {
    const k = paused('obeys');
    stall(k);
    const id = traffic(k, { pps: LINE, flows: 1 });
    while ((eth0(k).hw['tx_flow_control_xoff'] ?? 0) === 0) stepEvent(k);
    const at = k.sources[id]!.sent;
    advance(k, k.now + ms);
    // A pause frame takes 672 ns, the cable twice 500 ns: two or three more frames of 672 ns.
    expect(k.sources[id]!.sent - at).toBeGreaterThanOrEqual(2);
    expect(k.sources[id]!.sent - at).toBeLessThanOrEqual(4);
  });

  it('comes to the same with events one by one', () => {
    const [a, b] = [paused('obeys', 3), paused('obeys', 3)];
    for (const k of [a, b]) {
      traffic(k, { pps: LINE, flows: 3 });
      traffic(k, { pattern: 'poisson', pps: 100_000, len: 300, flows: 2 });
    }
    advance(a, 20 * ms);
    while (b.agenda.times[b.agenda.winners[1]!]! <= 20 * ms) stepEvent(b);
    expect(a.ledger.offered).toBe(b.ledger.offered);
    expect(a.ledger.delivered).toBe(b.ledger.delivered);
    expect(a.sources.map(({ sent, lost }) => [sent, lost])).toEqual(
      b.sources.map(({ sent, lost }) => [sent, lost]),
    );
    expect(a.sources[0]!.lost).toBeGreaterThan(0);
  });

  it('of TCP loses nothing: it waits', () => {
    const base = hosts['igb']!;
    const nics = base.nics.map((nic) => ({ ...nic, queues: 1, partner_pause: 'obeys' as const }));
    const app = { comm: 'sink', user: 'alice', port: 5201, cpu: -1, service_ns: 0, rcvbuf: 0 };
    const k = boot({ ...base, nics, apps: [{ ...app, proto: 'tcp' as const }] }, 1);
    startTcp(k, { dev: 1, dport: 5201, connections: 40, label: '' });
    advance(k, 10 * ms);
    stall(k);
    advance(k, 20 * ms);
    serve(k);
    advance(k, 60 * ms);
    expect(eth0(k).hw).toMatchObject({ tx_flow_control_xoff: 1, tx_flow_control_xon: 1 });
    expect(k.ledger.drops.reduce((sum, n) => sum + n, 0)).toBe(0);
    expect(k.remotes[0]!.retransmitted).toBe(0);
    checkLedger(k);
  });
});

describe('a pause frame from the other end', () => {
  it('is counted, and is no packet', () => {
    const k = paused('obeys');
    receivePauseFrame(k, eth0(k), 100);
    receivePauseFrame(k, eth0(k), 0);
    expect(eth0(k).hw).toMatchObject({ rx_flow_control_xoff: 1, rx_flow_control_xon: 1 });
    expect(k.ledger.offered).toBe(0);
  });

  it('keeps the host from beginning a frame for so many times 512 bits', () => {
    const k = paused('obeys');
    traffic(k, { pps: 1, flows: 1, limit: 1 });
    advance(k, ms);
    const usual = sends(k).arrives - k.now;
    advance(k, 2 * ms);
    receivePauseFrame(k, eth0(k), 100);
    // What the CPU does meanwhile costs nothing more.
    expect(sends(k).arrives - k.now).toBe(usual - COSTS.dev_queue_xmit.ns + 100 * 512);
  });

  it('moves what has not begun, and an XON moves it back', () => {
    const k = paused('obeys');
    traffic(k, { pps: 1, flows: 1, limit: 1 });
    advance(k, ms);
    const [first, second] = [sends(k), sends(k)];
    const [was, next] = [first.arrives, second.arrives];
    advance(k, ms + 2_000); // the first is on the wire for 8192 ns
    receivePauseFrame(k, eth0(k), 1_000);
    expect(first.arrives).toBe(was);
    expect(second.arrives).toBe(next + 512_000);
    advance(k, ms + 102_000);
    receivePauseFrame(k, eth0(k), 0);
    expect(second.arrives).toBe(next + 100_000);
  });

  it('does nothing to a NIC whose rx pause is off', () => {
    const k = paused('obeys');
    ethtool_set_pauseparam(k, eth0(k), { autoneg: false, rx: false });
    traffic(k, { pps: 1, flows: 1, limit: 1 });
    advance(k, ms);
    const usual = sends(k).arrives - k.now;
    advance(k, 2 * ms);
    receivePauseFrame(k, eth0(k), 1_000);
    expect(sends(k).arrives - k.now).toBe(usual);
    expect(eth0(k).hw['rx_flow_control_xoff']).toBe(1);
  });

  it.each([
    ['igb', 1, 'rx_flow_control_xoff'],
    ['mixed', 2, 'rx_flow_control_xoff'],
    ['mixed', 3, 'rx_flow_control_xoff'],
    ['ixgbe', 1, 'rx_flow_control_xoff'],
    ['ice', 1, 'link_xoff_rx.nic'],
    ['mlx5', 1, 'rx_pause_ctrl_phy'],
  ] as const)('%s, NIC %i: the driver calls it %s', (profile, at, name) => {
    const k = boot(hosts[profile]!, 1);
    receivePauseFrame(k, k.devs[at]!, 5);
    const line = driverOf(k.devs[at]!)
      .statistics(k.devs[at]!)!
      .find((one) => one.name === name);
    expect(line?.value).toBe(1);
  });
});
