import { describe, expect, it } from 'vitest';
import { checkLedger } from '../../../src/kernel/ledger.ts';
import { advance } from '../../../src/kernel/run.ts';
import { ethtool } from '../../../src/shell/commands/ethtool.ts';
import { hwstampCtl } from '../../../src/shell/commands/hwstamp_ctl.ts';
import { traffic } from '../../../src/shell/commands/traffic.ts';
import type { DirNode, FileNode } from '../../../src/shell/nodes.ts';
import { interrupts } from '../../../src/shell/proc/interrupts.ts';
import { irq } from '../../../src/shell/proc/irq.ts';
import { hostLike, type } from './typing.ts';

const MS = 1_000_000;

describe('traffic link', () => {
  it('says that the wire of a recorded machine has no pause frames, and gives it some', () => {
    const k = hostLike('alder');
    expect(type(traffic, k, 'traffic link').out).toContain('neither has nor sees pause frames');
    expect(type(traffic, k, 'traffic link --pause obeys --port-queue 50').out).toBe(
      'eth0: the other end obeys pause frames; its port holds 50 frames of each sender\n',
    );
    expect(k.devs[1]!.fifos[0]!.high).toBe(54_272);
    type(traffic, k, 'traffic link --pause none');
    expect(k.devs[1]!.fifos[0]!.high).toBe(Infinity);
  });

  it.each([
    'link --pause maybe',
    'link --port-queue lots',
    'link --dev eth7',
    'link --pause',
    'link fast',
    'pause --quanta 65536',
    'pause --dev lo',
  ])('traffic %s is wrong', (words) => {
    const k = hostLike('alder');
    const before = structuredClone(k.devs[1]!.fc);
    expect(type(traffic, k, `traffic ${words}`).status).toBe(2);
    expect(k.devs[1]!.fc).toEqual(before);
  });

  it('shows what was lost at the switch in a column of its own, and only then', () => {
    const k = hostLike('alder');
    type(traffic, k, 'traffic link --pause obeys --port-queue 50');
    type(traffic, k, 'traffic start udp --rate 500k --flows 1');
    expect(type(traffic, k, 'traffic').out).not.toContain('LOST');
    for (const q of k.devs[1]!.rx) k.napis[q.napi]!.irq_enabled = false;
    advance(k, 20 * MS);
    const [head = '', row = ''] = type(traffic, k, 'traffic').out.split('\n');
    expect(head.split(/ +/).slice(-3)).toEqual(['SENT', 'LOST', 'STATE']);
    const { sent, lost } = k.sources[0]!;
    expect(lost).toBeGreaterThan(0);
    expect(sent).toBe(k.ledger.offered);
    expect(row.split(/ +/).slice(-3)).toEqual([String(sent), String(lost), 'running']);
    checkLedger(k);
  });
});

describe('traffic pause', () => {
  it('sends the host a pause frame, or its end', () => {
    const k = hostLike('alder');
    expect(type(traffic, k, 'traffic pause --quanta 10').status).toBe(0);
    expect(type(traffic, k, 'traffic pause --quanta 0').status).toBe(0);
    const { out } = type(ethtool, k, 'ethtool -S eth0');
    expect(out).toContain('rx_flow_control_xon: 1\n');
    expect(out).toContain('rx_flow_control_xoff: 1\n');
  });

  it('is nothing on a wire without a speed', () => {
    expect(type(traffic, hostLike('virtio'), 'traffic pause').err).toContain('no pause frames');
  });
});

describe('ethtool -I -a', () => {
  it('adds the frames where the driver counts them', () => {
    const k = hostLike('ixgbe');
    type(traffic, k, 'traffic pause');
    expect(type(ethtool, k, 'ethtool -I -a eth0').out).toBe(
      'Pause parameters for eth0:\nAutonegotiate:\toff\nRX:\t\ton\nTX:\t\ton\nStatistics:\n  tx_pause_frames: 0\n  rx_pause_frames: 1\n\n',
    );
    const { out } = type(ethtool, k, 'ethtool -I --json -a eth0');
    expect((JSON.parse(out) as unknown[])[0]).toEqual({
      ...{ ifname: 'eth0', autonegotiate: false, rx: true, tx: true },
      statistics: { tx_pause_frames: 0, rx_pause_frames: 1 },
    });
  });

  it('adds nothing where it does not', () => {
    const k = hostLike('igb');
    expect(type(ethtool, k, 'ethtool -I -a eth0').out).toBe(
      type(ethtool, k, 'ethtool -a eth0').out,
    );
  });

  it('is refused for pause frames of an ice, whose firmware decides when it sends them', () => {
    const k = hostLike('ice');
    expect(type(ethtool, k, 'ethtool -A eth0 tx on').err).toContain('not modelled here');
    expect(k.devs[1]!.pause.tx).toBe(false);
    expect(type(ethtool, k, 'ethtool -A eth0 rx on').status).toBe(0);
  });
});

describe('hwstamp_ctl', () => {
  it('shows the settings and changes what was asked for', () => {
    const k = hostLike('igb');
    expect(type(hwstampCtl, k, 'hwstamp_ctl -i eth0')).toMatchObject({
      ...{ out: 'current settings:\ntx_type 0\nrx_filter 0\n', status: 0 },
    });
    expect(type(hwstampCtl, k, 'hwstamp_ctl -ieth0 -r 6')).toMatchObject({
      out: 'current settings:\ntx_type 0\nrx_filter 0\nnew settings:\ntx_type 0\nrx_filter 12\n',
      status: 0,
    });
    expect(k.devs[1]!.hwtstamp).toMatchObject({ tx_type: 0, rx_filter: 12 });
  });

  it('tells why the driver refuses, with the error’s number as its status', () => {
    const k = hostLike('igb');
    expect(type(hwstampCtl, k, 'hwstamp_ctl -i eth0 -r 1')).toMatchObject({
      err: 'SIOCSHWTSTAMP failed: Numerical result out of range\nThe requested time stamping mode is not supported by the hardware.\n',
      status: 34,
    });
    expect(type(hwstampCtl, k, 'hwstamp_ctl -i eth0 -r 12', { uid: 1000 })).toMatchObject({
      err: 'SIOCSHWTSTAMP failed: Operation not permitted\n',
      status: 1,
    });
    expect(type(hwstampCtl, k, 'hwstamp_ctl -i none').status).toBe(19);
    expect(k.devs[1]!.hwtstamp.rx_filter).toBe(0);
  });

  it('says where a driver has no clock', () => {
    const k = hostLike('virtio');
    expect(type(hwstampCtl, k, 'hwstamp_ctl -i eth0 -t 1')).toMatchObject({
      err: 'Device driver does not have support for non-destructive SIOCGHWTSTAMP.\nSIOCSHWTSTAMP failed: Operation not supported\n',
      status: 95,
    });
  });

  it.each(['', '-i eth0 -r 15', '-i eth0 -t 2', '-x', '-i'])(
    '%s: shows how it is used',
    (words) => {
      const told = type(hwstampCtl, hostLike('igb'), `hwstamp_ctl ${words}`.trim());
      expect(told.err).toContain('usage: hwstamp_ctl [options]');
      expect(told.status).toBe(255);
    },
  );
});

describe('a managed interrupt', () => {
  it('is shown with its counts at 0, and its affinity cannot be written', () => {
    const k = hostLike('ice');
    const desc = k.irqs.find(({ name }) => name === 'nvme0q1')!;
    advance(k, 50 * MS);
    const line = interrupts(k).find(({ text }) => text.endsWith('nvme0q1'))!;
    expect(line.text).toMatch(/^ *\d+: +(0 +){32}PCI-MSIX-0000:01:00\.0 +1-edge +nvme0q1$/);
    const directory = (irq(k) as DirNode).child(String(desc.irq)) as DirNode;
    for (const name of ['smp_affinity', 'smp_affinity_list']) {
      const file = directory.child(name) as FileNode;
      expect(file.mode).toBe(0o444);
      expect(file.write('1')).toMatchObject({ ok: false, errno: 'EPERM' });
    }
  });
});
