/// /sys/class/ptp: the clocks of NICs, in the order in which their drivers added them.
/// Stands for clock_name_show() in drivers/ptp/ptp_sysfs.c. Left out: every other file, and the devices /dev/ptpN.
import { driverOf } from '../../hardware/driver.ts';
import type { Kernel, NetDevice } from '../../kernel/state.ts';
import { attribute, dir, type DirNode } from '../nodes.ts';

/// What each driver calls its clock: struct ptp_clock_info.name.
const NAMES: Readonly<Record<string, (dev: NetDevice) => string>> = {
  igb: (dev) => dev.mac.replaceAll(':', ''),
  e1000e: (dev) => dev.mac.replaceAll(':', ''),
  ixgbe: (dev) => dev.name,
  ice: (dev) => `ice-${dev.pci}-clk`,
  mlx5_core: () => 'mlx5_ptp',
};

/// NICs with a clock: the place of a NIC among them is the number of its clock.
export function clockedDevices(k: Kernel): NetDevice[] {
  return k.devs.filter((dev) => driverOf(dev).timestamping.clock);
}

export function classPtp(k: Kernel): DirNode {
  return dir(
    Object.fromEntries(
      clockedDevices(k).map((dev, i) => {
        const name = NAMES[dev.driver]?.(dev) ?? '';
        return [`ptp${i}`, () => dir({ clock_name: attribute(() => name) }, 0o755)];
      }),
    ),
    0o755,
  );
}
