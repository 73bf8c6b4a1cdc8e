/// Modules that somebody loads by name: congestion controls and connection tracking. Stands for what their init
/// functions register: tcp_register_congestion_control() in net/ipv4/tcp_cong.c, nf_conntrack_init_start().
/// Left out: unloading, parameters, every module that this model has nothing for.
import { done, fails, type Result } from './errno.ts';
import { loadConntrack } from './netfilter/conntrack/module.ts';
import type { Kernel } from './state.ts';
import { congestionControls } from './sysctl_handlers.ts';

/// Loads the module of that name, or finds it loaded. ENOTMODELLED: nothing here stands for it.
export function loadModule(k: Kernel, name: string): Result {
  if (name === 'nf_conntrack') {
    loadConntrack(k);
    return done;
  }
  const control = name.startsWith('tcp_') ? name.slice('tcp_'.length) : '';
  if (!congestionControls.split(' ').includes(control)) return fails('ENOTMODELLED');
  tcp_register_congestion_control(k, control);
  return done;
}

/// Makes it available; those that are not allowed only root may choose.
/// net/ipv4/tcp_cong.c:tcp_register_congestion_control()
export function tcp_register_congestion_control(k: Kernel, name: string): void {
  const key = 'net.ipv4.tcp_available_congestion_control';
  const names = (k.sysctl[key] ?? '').split(' ');
  if (names.includes(name)) return;
  k.sysctl[key] = [...names, name].join(' ');
  k.config_version++;
}
