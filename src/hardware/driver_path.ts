/// The drivers' receive paths, put into the kernel's table. Import this to have them.
import { registerDriverPath } from '../kernel/driver_table.ts';
import { process_backlog } from '../kernel/rps.ts';
import { e1000Path } from './e1000_main.ts';
import { e1000ePath } from './e1000e_main.ts';
import { enaPath } from './ena_main.ts';
import { i82596Path } from './i82596_main.ts';
import { icePath } from './ice_main.ts';
import { igbPath } from './igb_main.ts';
import { ixgbePath } from './ixgbe_main.ts';
import { macbPath } from './macb_main.ts';
import { mlx5Path } from './mlx5_main.ts';
import { virtioNetPath } from './virtio_net_main.ts';
import { vmxnet3Path } from './vmxnet3_main.ts';

/// The backlog of a CPU is polled like a device, but has no hardware.
export const BACKLOG_PATH = registerDriverPath({
  name: 'backlog',
  poll: process_backlog,
  interrupt() {},
  usable: () => 0,
  fifo: () => null,
  lost: () => 0,
  interruptAt: () => Infinity,
  moderate() {},
  vectors: () => [],
  reset_ns: 0,
  resetsForQueues: false,
  freesVectors: false,
  dealsCpus: false,
});

for (const path of [
  ...[igbPath, virtioNetPath, vmxnet3Path, e1000ePath, e1000Path, i82596Path],
  ...[ixgbePath, icePath, mlx5Path, enaPath, macbPath],
])
  registerDriverPath(path);
