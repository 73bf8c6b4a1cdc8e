/// What mlx5_core shows of its page pools with ethtool -S, by device and by queue. A kernel has these lines when it was
/// built with CONFIG_PAGE_POOL_STATS; Debian's 6.12 is not, the simulated one is.
import { complete, type Counter } from './counters_entry.ts';

type Line = readonly [name: string, meaning: string, moved_by: string, if_it_grows: string];

const HELD = 'Packets wait in sockets, and their pages with them.';

const LINES: readonly Line[] = [
  ['alloc_fast', 'Pages taken from the cache.', 'posting receive buffers', ''],
  [
    'alloc_slow',
    'Times that 64 pages were had from the page allocator.',
    'a cache and a ring without a page',
    HELD,
  ],
  ['alloc_slow_high_order', 'Blocks of several pages had from it.', '', ''],
  ['alloc_empty', 'Times that the ring had no page for the cache.', 'an empty cache', HELD],
  [
    'alloc_refill',
    'Times that the cache was filled from the ring.',
    'an empty cache',
    'Pages come back from other CPUs.',
  ],
  ['alloc_waive', 'Pages not used again: they were of another NUMA node.', '', ''],
  [
    'recycle_cached',
    'Pages put back into the cache.',
    'buffers posted anew; packets freed by the softirq of the CPU that polls',
    '',
  ],
  ['recycle_cache_full', 'Pages for which the cache had no room.', 'many pages at once', ''],
  [
    'recycle_ring',
    'Pages put into the ring.',
    'packets freed by a task or on another CPU',
    'The readers hold packets longer than the driver does.',
  ],
  [
    'recycle_ring_full',
    'Pages given up because the ring was full.',
    'many packets read at once',
    'More pages were out than the queue needs.',
  ],
  ['recycle_released_ref', 'Pages given up because others held them too.', '', ''],
];

const SOURCE =
  'drivers/net/ethernet/mellanox/mlx5/core/en_stats.c:mlx5e_stats_update_stats_rq_page_pool';

export const pagePoolCounters: readonly Counter[] = ['rx_pp', 'rxN_pp'].flatMap((prefix) =>
  LINES.map(([name, meaning, moved_by, if_it_grows]) =>
    complete(
      {
        id: `ethtool:mlx5_core:${prefix}_${name}`,
        ...{ meaning, moved_by, if_it_grows, step: 'IN-03' as const },
        unit: meaning.startsWith('Times') ? 'times' : 'pages',
      },
      {
        shown: 'ethtool -S DEV, of a kernel with CONFIG_PAGE_POOL_STATS',
        unit: 'pages',
        source: SOURCE,
      },
    ),
  ),
);
