import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { readSysctl, writeSysctl } from '../../src/kernel/sysctl.ts';
import { tunable, tunables } from '../../src/kernel/tunables.ts';

let k: Kernel;

beforeEach(() => {
  const host = hosts['virtio'];
  if (!host) throw new Error('no host');
  k = boot(host, 1);
});

function value(name: string): string {
  const read = readSysctl(k, name);
  return typeof read === 'string' ? read : read.value;
}

/// Writes and gives the new value, or the error.
function write(name: string, text: string): string {
  const result = writeSysctl(k, name, text);
  return result.ok ? value(name) : result.errno;
}

interface Listing {
  readonly stdout: string;
}

function recorded(profile: string): [string, string][] {
  const path = `test/reference/transcripts/snapshots/sysctl-a-${profile}.json`;
  const { stdout } = JSON.parse(readFileSync(path, 'utf8')) as Listing;
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): [string, string] => [
      line.split(' = ')[0] ?? '',
      line.slice(line.indexOf(' = ') + 3),
    ]);
}

/// Random at each boot, or counting what the host has done until then.
const varying =
  /^(net\.core\.netdev_rss_key|kernel\.random\.|kernel\.ns_last_pid|fs\.(dentry|inode|file)|net\.ipv4\.(tcp|udp)_mem|kernel\.pty\.nr|vm\.user_reserve|fs\.aio|net\.ipv4\.tcp_fastopen_key|fs\.quota)/;

describe('the sysctls of a booted host', () => {
  it.each(['igb', 'virtio', 'laptop', 'wide'])(
    'are those that `sysctl -a` listed on the %s host',
    (profile) => {
      const host = hosts[profile];
      if (!host) throw new Error(`no host ${profile}`);
      k = boot(host, 1);
      const different = recorded(profile).filter(
        ([name, text]) => !varying.test(name) && value(name) !== text,
      );
      expect(different).toEqual([]);
    },
  );
});

describe('writing a sysctl', () => {
  it.each([
    ['net.core.rmem_max', '2303', 'EINVAL'],
    ['net.core.rmem_max', '2304', '2304'],
    ['net.core.wmem_max', '4607', 'EINVAL'],
    ['net.core.somaxconn', '-1', 'EINVAL'],
    ['net.core.netdev_budget', '0x200', '512'],
    ['net.core.netdev_budget', '010', '8'],
    ['net.core.netdev_budget', ' 600 \n', '600'],
    ['net.core.netdev_budget', '600x', 'EINVAL'],
    ['net.core.netdev_budget', '-5', '-5'],
    ['net.core.netdev_budget', '99999999999', 'EINVAL'],
    ['net.core.netdev_budget', '', 'EINVAL'],
    ['net.core.netdev_budget_usecs', '7999', 'EINVAL'],
    ['net.core.gro_normal_batch', '0', 'EINVAL'],
    ['net.core.rps_sock_flow_entries', '3000', '4096'],
    ['net.core.flow_limit_table_len', '1000', 'EINVAL'],
    ['net.core.flow_limit_table_len', '8192', '8192'],
    ['net.core.flow_limit_cpu_bitmap', 'f', '0f'],
    ['net.core.flow_limit_cpu_bitmap', '1ff', 'EOVERFLOW'],
    ['net.core.default_qdisc', 'nosuch', 'ENOENT'],
    ['net.core.high_order_alloc_disable', '2', 'EINVAL'],
    ['net.ipv4.tcp_syncookies', '256', 'EINVAL'],
    ['net.ipv4.tcp_syncookies', '3', '3'],
    ['net.ipv4.tcp_tw_reuse', '3', 'EINVAL'],
    ['net.ipv4.tcp_fin_timeout', '-3', '-3'],
    ['net.ipv4.tcp_syn_retries', '128', 'EINVAL'],
    ['net.ipv4.tcp_invalid_ratelimit', '501', '504'],
    ['net.ipv4.tcp_rmem', '8192', '8192\t131072\t6291456'],
    ['net.ipv4.tcp_rmem', '4096 87380 16777216 7', '4096\t87380\t16777216'],
    ['net.ipv4.tcp_rmem', '0 1 2', 'EINVAL'],
    ['net.ipv4.tcp_wmem', '4096,16384,4194304', 'EINVAL'],
    ['net.ipv4.ip_local_port_range', '60000 1000', 'EINVAL'],
    ['net.ipv4.ip_local_reserved_ports', '8080,9000-9010', '8080,9000-9010'],
    ['net.ipv4.tcp_congestion_control', 'nosuch', 'ENOENT'],
    ['net.core.nosuch', '1', 'ENOENT'],
  ])('%s with %j gives %s', (name, text, result) => {
    expect(write(name, text)).toBe(result);
  });

  it('keeps the numbers before the faulty one of a vector, as the kernel does', () => {
    expect(write('net.ipv4.tcp_rmem', '5000 abc 6291456')).toBe('EINVAL');
    expect(value('net.ipv4.tcp_rmem')).toBe('5000\t131072\t6291456');
  });

  it('changes nothing when a single number is refused', () => {
    const before = structuredClone(k.sysctl);
    expect(write('net.core.rmem_max', '1000')).toBe('EINVAL');
    expect(k.sysctl).toEqual(before);
  });

  it('reaches the packet path at once', () => {
    write('net.core.netdev_budget', '64');
    write('net.core.dev_weight', '32');
    write('net.core.dev_weight_rx_bias', '2');
    expect(k.hot.netdev_budget).toBe(64);
    expect(k.hot.dev_rx_weight).toBe(64);
  });

  it('gives a flow limit table to the CPUs of the bitmap and to no others', () => {
    write('net.core.flow_limit_table_len', '8192');
    write('net.core.flow_limit_cpu_bitmap', '5');
    expect(k.cpus.map((cpu) => cpu.flow_limit?.num_buckets ?? 0)).toEqual([
      8192, 0, 8192, 0, 0, 0, 0, 0,
    ]);
    write('net.core.flow_limit_cpu_bitmap', '0');
    expect(k.cpus.every((cpu) => cpu.flow_limit === null)).toBe(true);
  });

  it('sets forwarding of every device and of those to come with ip_forward', () => {
    write('net.ipv4.ip_forward', '1');
    expect(value('net.ipv4.conf.eth1.forwarding')).toBe('1');
    expect(value('net.ipv4.conf.default.forwarding')).toBe('1');
    expect(value('net.ipv4.conf.all.accept_redirects')).toBe('0');
    write('net.ipv4.conf.eth0.forwarding', '0');
    expect(value('net.ipv4.ip_forward')).toBe('1');
  });

  it('makes a congestion control available that a module has', () => {
    write('net.ipv4.tcp_congestion_control', 'bbr');
    expect(value('net.ipv4.tcp_available_congestion_control')).toBe('reno cubic bbr');
    expect(write('net.ipv4.tcp_allowed_congestion_control', 'cubic nosuch')).toBe('ENOENT');
  });

  it('shows a time under both its names', () => {
    write('net.ipv4.neigh.eth0.base_reachable_time_ms', '15000');
    expect(value('net.ipv4.neigh.eth0.base_reachable_time')).toBe('15');
  });
});

describe('the registry of tunables', () => {
  it('knows every sysctl of the host', () => {
    const unknown = Object.keys(k.sysctl).filter((name) => tunable(name) === null);
    expect(unknown).toEqual([]);
  });

  it('names kernel functions that exist', () => {
    const symbols = new Set(
      readFileSync('test/reference/kernel-symbols.tsv', 'utf8')
        .split('\n')
        .map((line) => line.split('\t')[1]),
    );
    const wrong = tunables().filter(({ source }) => {
      const [, name] = source.split(':');
      return name !== undefined && !symbols.has(name);
    });
    expect(wrong.map(({ id, source }) => `${id} ${source}`)).toEqual([]);
  });

  it('says which sysctls of the receive path act, and that the others are only kept', () => {
    expect(tunable('net.core.netdev_budget')?.acts).toBe('IN-08');
    expect(tunable('net.core.rps_sock_flow_entries')?.acts).toBe('IN-14');
    expect(tunable('net.core.netdev_tstamp_prequeue')?.acts).toBe('IN-14');
    expect(tunable('net.core.skb_defer_max')?.acts).toBeNull();
    expect(tunable('net.ipv4.conf.eth0.rp_filter')?.id).toBe('net.ipv4.conf.*.rp_filter');
    expect(tunable('vm.swappiness')).toMatchObject({ acts: null, range: '0 to 200' });
    expect(tunable('ethtool.ring.rx')?.id).toBe('ethtool:ring:rx');
    expect(tunable('net.core.nosuch')).toBeNull();
  });
});
