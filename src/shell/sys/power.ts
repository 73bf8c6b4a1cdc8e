/// The power directory that every device has. Runtime power management is off for network devices.
/// Stands for drivers/base/power/sysfs.c.
import { fails } from '../../kernel/errno.ts';
import { attribute, dir, failing, type DirNode } from '../nodes.ts';

export function power(): DirNode {
  const setting = (text: string) =>
    attribute(() => text, { mode: 0o644, write: () => fails('ENOTMODELLED') });
  return dir(
    {
      async: setting('disabled'),
      autosuspend_delay_ms: attribute(() => failing('EIO'), { mode: 0o644 }),
      control: setting('auto'),
      runtime_active_kids: attribute(() => 0),
      runtime_active_time: attribute(() => 0),
      runtime_enabled: attribute(() => 'disabled'),
      runtime_status: attribute(() => 'unsupported'),
      runtime_suspended_time: attribute(() => 0),
      runtime_usage: attribute(() => 0),
    },
    0o755,
  );
}
