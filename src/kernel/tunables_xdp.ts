/// Settings of XDP: the program of a device, and the kernel's own count of how long programs run.
import type { TunableRow } from './tunables_entry.ts';

export const xdpTunables: readonly TunableRow[] = [
  {
    id: 'link:xdp',
    set: 'ip link set dev DEV xdp obj FILE sec NAME',
    meaning:
      'XDP program of the device: native where the driver has a hook, else generic; xdpdrv and xdpgeneric insist on one.',
    unit: 'program',
    default: 'none',
    range: 'off, or an object with that section; each driver has conditions of its own',
    step: 'IN-10',
    source: 'net/core/dev.c:dev_xdp_attach',
  },
  {
    id: 'kernel.bpf_stats_enabled',
    meaning:
      'Time and count of the runs of each BPF program, in bpftool prog; each run then costs two looks at the clock.',
    unit: 'switch',
    default: '0',
    range: '0 or 1',
    step: 'IN-10',
    source: 'kernel/bpf/syscall.c:bpf_stats_handler',
  },
];
