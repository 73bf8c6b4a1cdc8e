import { describe, expect, it } from 'vitest';
import { advance } from '../../../src/kernel/run.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import { ip } from '../../../src/shell/commands/ip.ts';
import { ifconfig } from '../../../src/shell/commands/ifconfig.ts';
import { hostLike, type } from './typing.ts';

describe('ip link', () => {
  it('widens its columns with the numbers', () => {
    const k = hostLike('igb');
    k.devs[1]!.rx[0]!.packets = 12_345_678_901;
    const { out, marks } = type(ip, k, 'ip -s link show eth0');
    const [heading, numbers] = out.split('\n').slice(2, 4);
    expect(heading!.indexOf('packets') + 'packets'.length).toBe(
      numbers!.indexOf('12345678901') + 11,
    );
    expect(marks).toContainEqual({ text: '12345678901', ref: 'counter:link:rx_packets@eth0' });
  });

  it('counts what the other end sent', () => {
    const k = hostLike('alder');
    startSource(k, { dev: 1, pps: 1000, len: 64, limit: 10 });
    advance(k, 100_000_000);
    expect(type(ip, k, 'ip -s link show eth0').out.split('\n')[3]!.trim().split(/ +/)).toEqual([
      ...['600', '10', '0', '0', '0', '0'],
    ]);
  });

  it('breaks the default route with the link, and keeps it broken', () => {
    const k = hostLike('igb');
    type(ip, k, 'ip link set eth0 down');
    expect(type(ip, k, 'ip route').out).toBe(
      '10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.2 \n',
    );
    type(ip, k, 'ip link set eth0 up');
    advance(k, k.now + 5_000_000_000);
    expect(type(ip, k, 'ip route').out).not.toContain('default');
  });

  it.each([
    ['link set nosuch0 up', 'Cannot find device "nosuch0"\n', 1],
    ['link show nosuch0', 'Device "nosuch0" does not exist.\n', 1],
    ['link set eth0 mtu 60', 'Error: mtu less than device minimum.\n', 2],
    ['link set eth0 mtu', 'Command line is not complete. Try option "help"\n', 255],
    ['link set eth0 xyz', 'Error: either "dev" is duplicate, or "xyz" is garbage.\n', 255],
    [
      'link set eth0 promisc maybe',
      'Error: argument of "promisc" must be "on" or "off", not "maybe"\n',
      1,
    ],
    ['link set eth0 name eth1', 'RTNETLINK answers: File exists\n', 2],
    ['frob', 'Object "frob" is unknown, try "ip help".\n', 1],
    ['link add ifb0 type ifb', 'softnet: not modelled here: ip link add type ifb\n', 1],
  ])('ip %s says why not', (words, err, status) => {
    expect(type(ip, hostLike('virtio'), `ip ${words}`)).toMatchObject({ err, status });
  });

  it('changes nothing for an ordinary user', () => {
    const k = hostLike('igb');
    expect(type(ip, k, 'ip link set eth0 mtu 1400', { uid: 1000 })).toMatchObject({
      err: 'RTNETLINK answers: Operation not permitted\n',
      status: 2,
    });
    expect(k.devs[1]!.mtu).toBe(1500);
  });

  it('writes JSON that parses, in two layouts', () => {
    const k = hostLike('igb');
    const short = type(ip, k, 'ip -j -s link').out;
    const long = type(ip, k, 'ip -j -p -s link').out;
    expect(JSON.parse(short)).toEqual(JSON.parse(long));
    expect(long.startsWith('[ {\n        "ifindex": 1,\n')).toBe(true);
  });

  it('is coloured on a terminal and plain in a pipe', () => {
    const k = hostLike('igb');
    expect(type(ip, k, 'ip -br link', { columns: 80 }).out).toContain('\x1b[36m');
    expect(type(ip, k, 'ip -br link').out).not.toContain('\x1b');
  });
});

describe('ip address', () => {
  it('makes a second address of a network a secondary one', () => {
    const k = hostLike('igb');
    expect(type(ip, k, 'ip addr add 10.0.0.3/24 dev eth0').status).toBe(0);
    expect(type(ip, k, 'ip -4 -o addr show eth0').out).toContain(
      '10.0.0.3/24 scope global secondary eth0\\',
    );
    expect(type(ip, k, 'ip addr add 10.0.0.3/24 dev eth0').err).toBe(
      'Error: ipv4: Address already assigned.\n',
    );
  });

  it('takes the secondary addresses away with the first', () => {
    const k = hostLike('igb');
    type(ip, k, 'ip addr add 10.0.0.3/24 dev eth0');
    type(ip, k, 'ip addr del 10.0.0.2/24 dev eth0');
    expect(k.devs[1]!.addrs).toEqual([]);
  });
});

describe('ip route get', () => {
  it.each([
    ['10.0.1.9', '10.0.1.9 dev eth1 src 10.0.1.2 uid 0 \n    cache \n'],
    ['192.0.2.1', '192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.2 uid 0 \n    cache \n'],
    ['10.0.0.2', 'local 10.0.0.2 dev lo src 10.0.0.2 uid 0 \n    cache <local> \n'],
  ])('finds the way to %s', (to, out) => {
    expect(type(ip, hostLike('igb'), `ip route get ${to}`).out).toBe(out);
  });
});

describe('ifconfig', () => {
  it('sets what ip shows', () => {
    const k = hostLike('igb');
    type(ifconfig, k, 'ifconfig eth0 txqueuelen 500 mtu 1400');
    expect(type(ip, k, 'ip link show eth0').out).toMatch(/mtu 1400 .* qlen 500\n/);
  });
});
