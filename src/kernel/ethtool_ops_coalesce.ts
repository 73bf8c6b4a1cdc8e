/// Interrupt moderation as ethtool sets it. Stands for net/ethtool/coalesce.c and, through the
/// driver's table, igb_set_coalesce() and virtnet_set_coalesce().
import { driverOf } from '../hardware/driver.ts';
import { done, fails } from './errno.ts';
import { failsAt, isRefusal, resetNic, type EthtoolResult } from './ethtool_ops.ts';
import { coalesceChanged } from './nic.ts';
import type { Kernel, NetDevice } from './state.ts';

/// Sets interrupt moderation by the names of `ethtool -C` (rx-usecs in us, rx-frames in packets,
/// adaptive-rx as a boolean). EINVAL for a parameter that the driver does not honour, and for a value
/// that it refuses.
export function ethtool_set_coalesce(
  k: Kernel,
  dev: NetDevice,
  asked: Readonly<Record<string, number | boolean>>,
): EthtoolResult {
  const rules = driverOf(dev).coalesce;
  if (!rules) return fails('EOPNOTSUPP');
  const unknown = COALESCE_ATTRS.find((name) => name in asked && !rules.params.includes(name));
  if (unknown) return failsAt('EINVAL', 'cannot modify an unsupported parameter', unknown);
  if (rules.lacking) return fails('EOPNOTSUPP');
  const now = rules.show(dev);
  if (Object.entries(asked).every(([name, value]) => now[name] === value)) return done;
  const settled = rules.settle(dev, { ...now, ...asked });
  if (isRefusal(settled)) return fails(settled.errno, settled.extack);
  const before = dev.coalesce;
  dev.coalesce = settled;
  coalesceChanged(k, dev);
  if (rules.resets?.(before, dev)) resetNic(k, dev);
  k.config_version++;
  return done;
}

/// The attributes of a coalescing request by ethtool's words, in the kernel's order.
const COALESCE_ATTRS = [
  ...['rx-usecs', 'rx-frames', 'rx-usecs-irq', 'rx-frames-irq', 'tx-usecs', 'tx-frames'],
  ...['tx-usecs-irq', 'tx-frames-irq', 'stats-block-usecs', 'adaptive-rx', 'adaptive-tx'],
  ...['pkt-rate-low', 'rx-usecs-low', 'rx-frames-low', 'tx-usecs-low', 'tx-frames-low'],
  ...['pkt-rate-high', 'rx-usecs-high', 'rx-frames-high', 'tx-usecs-high', 'tx-frames-high'],
  ...['sample-interval', 'cqe-mode-tx', 'cqe-mode-rx'],
  ...['tx-aggr-max-bytes', 'tx-aggr-max-frames', 'tx-aggr-time-usecs'],
];
