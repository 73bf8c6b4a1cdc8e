import { beforeEach, describe, expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { files } from '../../../src/shell/files.ts';
import type { FsContext } from '../../../src/shell/filesystem.ts';
import { aliceOn, rootOn } from './root.ts';

let k: Kernel;
let root: FsContext;
let alice: FsContext;

beforeEach(() => {
  const host = hosts['virtio'];
  if (!host) throw new Error('no host');
  k = boot(host, 1);
  root = rootOn(k);
  alice = aliceOn(k);
});

function text(io: FsContext, path: string): string {
  const read = files.read(io, path);
  if (typeof read === 'string') return read;
  return read.lines.map((line) => line.text + (line.nl ? '\n' : '')).join('');
}

/// Writes as `echo TEXT > PATH` does and gives the first line of the file, or the error.
function echo(io: FsContext, words: string, path: string): string {
  const refused = files.write(io, path, `${words}\n`, { append: false });
  return refused ?? text(io, path).split('\n')[0] ?? '';
}

const queues = '/sys/class/net/eth0/queues';

describe('a write to a file of the kernel', () => {
  it.each([
    ['e', `${queues}/rx-0/rps_cpus`, '0e'],
    ['0xf', `${queues}/rx-0/rps_cpus`, 'EINVAL'],
    ['1ff', `${queues}/rx-0/rps_cpus`, 'EOVERFLOW'],
    ['', `${queues}/rx-0/rps_cpus`, '00'],
    ['3000', `${queues}/rx-0/rps_flow_cnt`, '4096'],
    ['-1', `${queues}/rx-0/rps_flow_cnt`, 'EINVAL'],
    ['3', `${queues}/tx-0/xps_rxqs`, '3'],
    ['ff', `${queues}/tx-0/xps_rxqs`, 'EOVERFLOW'],
    ['0', `${queues}/tx-0/xps_cpus`, '00'],
    ['max', `${queues}/tx-0/byte_queue_limits/limit_max`, '1879048192'],
    ['100', `${queues}/tx-0/tx_maxrate`, 'EOPNOTSUPP'],
    ['1', `${queues}/rx-9/rps_cpus`, 'ENOENT'],
    ['1400', '/sys/class/net/eth0/mtu', '1400'],
    ['67', '/sys/class/net/eth0/mtu', 'EINVAL'],
    ['abc', '/sys/class/net/eth0/mtu', 'EINVAL'],
    ['5000', '/sys/class/net/eth0/tx_queue_len', '5000'],
    ['-1', '/sys/class/net/eth0/tx_queue_len', 'EINVAL'],
    ['0', '/sys/class/net/eth0/speed', 'EACCES'],
    ['5', '/sys/class/net/eth0/statistics/rx_packets', 'EACCES'],
    ['x', '/sys/class/net/eth0/nosuchfile', 'EACCES'],
    ['2', '/sys/class/net/eth9/mtu', 'ENOENT'],
    ['20000', '/sys/class/net/eth0/gro_flush_timeout', '20000'],
    ['-5', '/sys/class/net/eth0/napi_defer_hard_irqs', 'EINVAL'],
    ['2', '/sys/class/net/eth0/threaded', 'EOPNOTSUPP'],
    ['uplink to rack 4', '/sys/class/net/eth0/ifalias', 'uplink to rack 4'],
    ['f0', '/proc/irq/33/smp_affinity', 'f0'],
    ['100', '/proc/irq/33/smp_affinity', 'EOVERFLOW'],
    ['0', '/proc/irq/33/smp_affinity', 'EINVAL'],
    ['1,3', '/proc/irq/33/smp_affinity_list', '1,3'],
    ['8', '/proc/irq/33/smp_affinity_list', 'ERANGE'],
    ['f', '/proc/irq/default_smp_affinity', '0f'],
    ['1', '/proc/irq/0/smp_affinity', 'EPERM'],
    ['1', '/proc/irq/999/smp_affinity', 'ENOENT'],
    ['1', '/proc/irq/30/smp_affinity', '01'],
    ['0', '/proc/net/softnet_stat', 'EIO'],
    ['1', '/proc/sys/net/core', 'EISDIR'],
    ['1', '/proc/sys/net/core/nosuch', 'ENOENT'],
    ['4096 16384 4194304', '/proc/sys/net/ipv4/tcp_wmem', '4096\t16384\t4194304'],
    ['x', '/proc/sys/net/ipv4/tcp_available_congestion_control', 'EACCES'],
  ])('%j to %s gives %j', (words, path, result) => {
    expect(echo(root, words, path)).toBe(result);
  });

  it('is not for alice', () => {
    for (const path of [
      `${queues}/rx-0/rps_cpus`,
      '/proc/irq/30/smp_affinity',
      '/proc/sys/net/core/somaxconn',
    ])
      expect(echo(alice, '1', path)).toBe('EACCES');
    expect(text(alice, '/proc/sys/net/ipv4/tcp_fastopen_key')).toBe('EACCES');
    expect(text(alice, '/proc/sys/net/core/somaxconn')).toBe('4096\n');
  });

  it('leaves the host as it was when it is refused', () => {
    const before = JSON.stringify(k);
    echo(root, '1ff', `${queues}/rx-0/rps_cpus`);
    echo(root, '67', '/sys/class/net/eth0/mtu');
    echo(root, '8', '/proc/irq/33/smp_affinity_list');
    expect(JSON.stringify(k)).toBe(before);
  });

  it('of nothing only opens the file', () => {
    expect(files.write(root, '/proc/sys/net/core/somaxconn', '', { append: false })).toBeNull();
    expect(text(root, '/proc/sys/net/core/somaxconn')).toBe('4096\n');
  });
});

describe('a path', () => {
  it('follows links and leaves them through `..` as the kernel does', () => {
    expect(text(root, '/sys/class/net/eth0/device/../numa_node')).toBe('0\n');
    expect(text(root, '/proc/net/softnet_stat')).toBe(text(root, '/proc/self/net/softnet_stat'));
    expect(files.lstat(root, '/proc/net')).toMatchObject({ kind: 'link', target: 'self/net' });
    expect(files.stat(root, '/sys/class/net/eth0/device/msi_irqs')).toBe('ENOENT');
    expect(files.list(root, '/sys/class/net/eth0/device/../msi_irqs')).toHaveLength(9);
  });

  it('through a file is another mistake than a missing name', () => {
    expect(text(root, '/proc/version/x')).toBe('ENOTDIR');
    expect(text(root, '/proc/nosuch')).toBe('ENOENT');
    expect(files.list(root, '/proc/version')).toBe('ENOTDIR');
    expect(text(root, '/proc')).toBe('EISDIR');
  });

  it('that is not modelled says so', () => {
    expect(text(root, '/proc/vmstat')).toBe('ENOTMODELLED');
  });
});

describe("the reader's own files", () => {
  it('are kept by the session, where the user may write', () => {
    expect(echo(root, 'hello', '/tmp/x')).toBe('hello');
    expect(files.write(root, '/tmp/x', 'more\n', { append: true })).toBeNull();
    expect(text(root, '/tmp/x')).toBe('hello\nmore\n');
    expect(files.list(root, '/tmp')).toContain('x');
    expect(echo(alice, 'x', '/etc/x')).toBe('EACCES');
    expect(echo(alice, 'x', '/home/alice/x')).toBe('x');
    expect(echo(root, 'x', '/nosuch/x')).toBe('ENOENT');
    expect(echo(root, 'x', '/root/x')).toBe('x');
    expect(text(alice, '/root/x')).toBe('EACCES');
  });

  it('need a directory, and an empty one to remove it', () => {
    expect(files.mkdir(root, '/tmp/d')).toBeNull();
    expect(files.mkdir(root, '/tmp/d')).toBe('EEXIST');
    echo(root, 'x', '/tmp/d/x');
    expect(files.remove(root, '/tmp/d')).toBe('ENOTEMPTY');
    expect(files.remove(root, '/tmp/d/x')).toBeNull();
    expect(files.remove(root, '/tmp/d')).toBeNull();
    expect(files.stat(root, '/tmp/d')).toBe('ENOENT');
  });

  it('can be made executable', () => {
    echo(root, 'true', '/tmp/script');
    expect(files.chmod(root, '/tmp/script', 0o755)).toBeNull();
    expect(files.stat(root, '/tmp/script')).toMatchObject({ kind: 'file', mode: 0o755 });
  });
});
