/// What drivers say to programs, and to what comes while they have one.
import { describe, expect, it } from 'vitest';
import { ethtool_set_channels } from '../../src/kernel/ethtool_ops.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { dev_xdp_attach } from '../../src/kernel/xdp/attach.ts';
import { bpf_prog_load } from '../../src/kernel/xdp/load.ts';
import { hasXdpRing, takesXdpFrames } from '../../src/kernel/xdp/xmit.ts';
import { parseProgram } from '../../src/shell/bpftool/source.ts';
import { dropped, eth0, ms, traffic } from './hosts.ts';
import { attach, machine, terminal } from './xdp_hosts.ts';

const PASS = 'ip link set dev eth0 xdpdrv obj /opt/lab/xdp_pass.o sec xdp';

describe('the MTU', () => {
  it('may not outgrow a buffer: before the program and after it, each driver in its own words', () => {
    const cases = [
      ['igb', 3046, 'igb: The RX buffer size is too small for the frame size'],
      ['ixgbe', 3046, ''],
      ['ice', 3046, 'ice: MTU is too large for linear frames and XDP prog does not support frags'],
      ['mlx5', 3498, ''],
      ['ena', 3498, 'ena: Failed to set xdp program, the current MTU is larger'],
      ['virtio', 3506, 'virtio_net: MTU too large to enable XDP without frags'],
    ] as const;
    for (const [profile, most, extack] of cases) {
      const first = machine(profile, 8);
      if (profile === 'ena') ethtool_set_channels(first, eth0(first), { combined: 4 });
      const prog = bpf_prog_load(first, parseProgram('pass'), 0) as number;
      eth0(first).mtu = most + 5; // ixgbe counts one tag less when the program comes
      const refused = dev_xdp_attach(first, eth0(first), prog, 'drv', true);
      expect(refused.ok, profile).toBe(false);
      if (extack !== '') expect(JSON.stringify(refused)).toContain(extack);
      expect(eth0(first).xdp).toBe(null);
      eth0(first).mtu = most;
      expect(dev_xdp_attach(first, eth0(first), prog, 'drv', true).ok, profile).toBe(true);
    }
  });

  it('is held while a program is there', () => {
    const said = (profile: string, mtu: number) => {
      const { say } = terminal(profile);
      if (profile === 'ena') say('ethtool -L eth0 combined 8');
      say(PASS);
      const { err } = say(`ip link set eth0 mtu ${mtu}`);
      return [err, say('dmesg | tail -1').out];
    };
    expect(said('ixgbe', 3046)[0]).toBe('');
    expect(said('ixgbe', 3047)[0]).toBe('RTNETLINK answers: Invalid argument\n');
    expect(said('ixgbe', 3047)[1]).toContain('Requested MTU size is not supported with XDP\n');
    expect(said('ice', 3047)[1]).toContain('eth0: max MTU for XDP usage is 3046\n');
    expect(said('mlx5', 3499)[1]).toContain(
      'MTU(3499) > 3498, too big for an XDP program not aware of multi buffer\n',
    );
    expect(said('ena', 3498)[0]).toBe('');
    expect(said('ena', 3499)[0]).toBe('Error: mtu greater than device maximum.\n');
  });
});

describe('a program', () => {
  it('keeps LRO off: ixgbe and mlx5 say so in the log', () => {
    for (const [profile, text] of [
      ['ixgbe', 'LRO is not supported with XDP\n'],
      ['mlx5', 'LRO is incompatible with XDP\n'],
    ] as const) {
      const { say } = terminal(profile);
      say('ethtool -K eth0 lro off');
      expect(say(PASS).status).toBe(0);
      say('ethtool -K eth0 lro on');
      expect(say('dmesg | tail -1').out).toContain(text);
      expect(say('ethtool -k eth0 | grep large').out).toContain('off [requested on]');
    }
  });

  it('is not put below a device that has one', () => {
    const { say } = terminal('igb');
    say('ip link add link eth0 name eth0.5 type vlan id 5');
    expect(say(PASS.replace('dev eth0 xdpdrv', 'dev eth0.5 xdpgeneric')).status).toBe(0);
    expect(say(PASS).err).toBe(
      'Error: Cannot attach when an upper device already has a program.\n',
    );
  });

  it('leaves ena with half of its queues', () => {
    const { say } = terminal('ena');
    say('ethtool -L eth0 combined 16');
    expect(say(PASS).status).toBe(0);
    expect(say('ethtool -L eth0 combined 17').err).toContain('Invalid argument');
    expect(say('ethtool -L eth0 combined 12').status).toBe(0);
  });
});

describe('counting', () => {
  const nowhere = 'map out devmap entries 1\nentry out 0 1\nredirect out 0'; // lo takes no such frames
  it('has failed redirects among the aborted at ena, among the drops at mlx5', () => {
    const counts = (profile: string) => {
      const k = machine(profile, 8);
      ethtool_set_channels(k, eth0(k), { combined: 1 });
      attach(k, eth0(k), nowhere);
      traffic(k, { pps: 100_000, limit: 20, len: 500 });
      advance(k, 20 * ms);
      checkLedger(k);
      expect(dropped(k, REASON.XDP_REDIRECT)).toBe(20);
      expect(k.bpf.exceptions).toBe(20);
      return eth0(k).xdp_counts[0];
    };
    expect(counts('mlx5')).toMatchObject({ redirects: 0, drops: 20, aborted: 0 });
    const ena = counts('ena')!;
    expect([ena.redirects, ena.aborted, ena.drops - ena.aborted]).toEqual([0, 20, 0]);
  });

  it('tells of an aborted frame in generic mode too', () => {
    const k = machine('virtio');
    attach(k, eth0(k), 'aborted', 'skb');
    traffic(k, { pps: 100_000, limit: 10 });
    advance(k, 20 * ms);
    expect(k.bpf.exceptions).toBe(10);
  });
});

describe('redirects', () => {
  it('reach mlx5 without a program of its own, from a CPU that has a channel there', () => {
    const k = machine('mlx5', 2);
    attach(k, eth0(k), 'map out devmap entries 1\nentry out 0 2\nredirect out 0');
    traffic(k, { pps: 100_000, limit: 20 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(k.ledger.forwarded).toBe(20);
    expect(eth0(k).tx.reduce((sum, q) => sum + q.packets, 0)).toBe(0); // queues of its own
    expect([hasXdpRing(eth0(k), 1), hasXdpRing(eth0(k), 2)]).toEqual([true, false]);
    eth0(k).features['large-receive-offload'] = true;
    expect(takesXdpFrames(eth0(k))).toBe(false);
  });

  it('send a packet to another CPU once: generic XDP leaves what was redirected alone', () => {
    const k = machine('virtio');
    attach(
      k,
      eth0(k),
      'map n array entries 1\nmap cpus cpumap entries 8\nentry cpus 5 512\ncount n 0\nredirect cpus 5',
      'skb',
    );
    traffic(k, { pps: 100_000, limit: 100 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(k.bpf.maps[0]!.values[0]).toBe(100);
    expect(k.ledger.delivered).toBe(100);
    expect(k.bpf.cpu_entries[0]!.enqueued).toBe(100);
  });

  it('have the whole frame measured in generic mode', () => {
    const k = machine('virtio');
    attach(k, eth0(k), 'map out devmap entries 1\nentry out 0 3\nredirect out 0', 'skb');
    k.devs[2]!.mtu = 482; // and 18 bytes of headers: a frame of 500 just fits
    traffic(k, { pps: 100_000, limit: 10, len: 500 + 4 });
    traffic(k, { pps: 100_000, limit: 20, len: 501 + 4 });
    advance(k, 20 * ms);
    checkLedger(k);
    expect(k.ledger.forwarded + dropped(k, REASON.XDP)).toBe(30);
    expect(dropped(k, REASON.XDP)).toBe(20);
  });
});
