/// Vectors of the sizes computed at boot: tcp_init(), udp_init(), nf_conntrack_init_start().
import { bareHost, differs } from './bare_host.ts';
import { boot } from '../boot.ts';
import { bootSysctls, conntrackBuckets, hashSizes, memoryDefaults } from '../boot_defaults.ts';

type Case = Readonly<Record<string, unknown>> & {
  readonly machine_ram_mib: number;
  readonly totalram_pages: number;
  readonly nr_free_buffer_pages_now: number;
};

export function run(given: unknown): string | null {
  const test = given as Case;
  const { ehash, bhash, udp } = hashSizes(test.machine_ram_mib);
  const buckets = conntrackBuckets(test.totalram_pages);
  const { sysctl } = boot(bareHost(4, 250), 1);
  const sysctls = {
    ...sysctl,
    ...bootSysctls(test.machine_ram_mib, test.nr_free_buffer_pages_now),
  };
  const core = (name: string): number => Number(sysctls[`net.core.${name}`]);
  const tcp = (name: string): number => Number(sysctls[`net.ipv4.${name}`]);
  const ours: Record<string, unknown> = {
    ...memoryDefaults(test.nr_free_buffer_pages_now),
    ...{ tcp_ehash_entries: ehash, tcp_bhash_entries: bhash, udp_hash_entries: udp },
    ...{ nf_conntrack_buckets: buckets, nf_conntrack_max: buckets },
    tcp_max_orphans: tcp('tcp_max_orphans'),
    tcp_max_syn_backlog: tcp('tcp_max_syn_backlog'),
    tcp_max_tw_buckets: tcp('tcp_max_tw_buckets'),
    ...{ rmem_default: core('rmem_default'), rmem_max: core('rmem_max') },
    ...{ wmem_default: core('wmem_default'), wmem_max: core('wmem_max') },
    ...{ somaxconn: core('somaxconn'), optmem_max: core('optmem_max') },
  };
  for (const [name, value] of Object.entries(ours)) {
    const wrong = differs(name, value, test[name]);
    if (wrong) return wrong;
  }
  return null;
}
