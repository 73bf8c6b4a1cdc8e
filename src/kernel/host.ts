/// What a simulated host is made of, as plain frozen data: the argument of boot(). Profiles that
/// mirror the recorded hosts live in src/hardware/hosts.ts.

export interface HostDescription {
  readonly profile: string; // igb, virtio, mixed, laptop, wide, arm64-gem
  readonly hostname: string;
  readonly cpus: number; // logical CPUs, all online at boot
  readonly numa: readonly (readonly number[])[]; // CPUs of each node, in order
  readonly numa_distance: number; // SLIT distance between different nodes; 10 within one
  readonly memory_mib: number;
  readonly buffer_pages?: number; // nr_free_buffer_pages() when TCP and UDP were set up; all of memory_mib
  readonly arch?: 'x86_64' | 'aarch64'; // x86_64
  readonly hz: number; // CONFIG_HZ: ticks a second
  readonly slowdown?: number; // how many times as long the CPUs take for everything as costs.ts says; 1
  readonly uptime_ns: number; // time since boot when virtual time is 0
  readonly nics: readonly NicDescription[]; // eth0, eth1, ... in order
  readonly apps: readonly AppDescription[];
  readonly disks?: readonly DiskDescription[]; // of which there is nothing but their interrupts
  readonly busier_cpus?: readonly number[]; // CPUs with one vector more than the others, for the platform's interrupts
  readonly boot_log?: readonly BootLine[]; // the end of the kernel log at virtual time 0
}

/// A line of the kernel log, written that long before virtual time 0.
export interface BootLine {
  readonly before_us: number;
  readonly text: string;
}

/// A disk whose interrupts are managed. disk_vectors.ts
export interface DiskDescription {
  readonly name: string; // nvme0
  readonly pci: string;
  readonly queues: number; // I/O queues that it offers
}

export interface NicDescription {
  readonly name: string; // eth0
  readonly driver: string; // key of the driver table: igb, virtio_net, mlx5_core, ...
  readonly numa_node: number; // -1: the platform does not say
  readonly mac: string;
  readonly address: string; // 10.0.0.2/24
  readonly peer: string; // 10.0.0.1, the neighbour that sends the traffic
  readonly queues: number; // receive queues after boot
  readonly speed_mbps: number; // link speed; -1: unknown (virtio)
  readonly pci: string; // 0000:41:00.0, or what it is called on the platform bus: ff0c0000.ethernet
  readonly intx?: number; // e1000: the line of the I/O APIC that the NIC's legacy interrupt is wired to; NICs may share one
  readonly wired?: { readonly chip: string; readonly hwirq: string }; // where `intx` is a line of another chip: its name, and 88-Level
  readonly rss?: boolean; // virtio_net: the device offers VIRTIO_NET_F_RSS; igb always has it
  readonly boot_tx_queues?: readonly number[]; // virtio_net: transmit queues that sent a packet while booting
  readonly bus_name?: string; // virtio_net: name on the virtio bus, virtio0
  readonly partner_pause?: 'none' | 'ignores' | 'obeys'; // what the other end does with pause frames; none: there are none on this wire
  readonly boot_frames?: readonly number[]; // lengths of frames that the first queue took while booting, bytes
  readonly tftp?: Readonly<Record<string, number>>; // files that the peer offers by TFTP, and their bytes
}

/// A process that binds a UDP socket and reads it, or listens and reads its connections, with `service_ns` of
/// user time for each datagram or read. Without ReadOptions: recvmsg() in a loop, in one thread.
export interface AppDescription extends ReadOptions {
  readonly comm: string;
  readonly user: string;
  readonly port: number; // UDP port bound on 0.0.0.0
  readonly cpu: number; // CPU it is pinned to; -1: any, starts on the last CPU
  readonly service_ns: number;
  readonly rcvbuf: number; // SO_RCVBUF asked for, bytes; 0: net.core.rmem_default
  readonly proto?: 'udp' | 'tcp'; // udp; tcp: it listens, and accepts and reads what comes
  readonly backlog?: number; // tcp: what listen() asks for; 4096
  readonly reuseport?: boolean; // SO_REUSEPORT
  readonly incoming_cpu?: number; // SO_INCOMING_CPU
}

/// How an application reads, where that is not one thread with one recvmsg() after the other.
export interface ReadOptions {
  readonly threads?: number; // 1; with `reuseport` each has a socket of its own, else they share one
  readonly thread_cpus?: readonly number[]; // CPU that each thread is pinned to, in order
  readonly cpus?: readonly number[]; // CPUs that it may run on, as taskset -c says; without it: all
  readonly nice?: number; // -20 to 19
  readonly batch?: number; // udp: recvmmsg() takes that many at most
  readonly peek?: boolean; // udp: it looks with MSG_PEEK before each read
  readonly rcvlowat?: number; // SO_RCVLOWAT, bytes
  readonly timestamps?: { readonly kind: 'ns' | 'timestamping'; readonly keep: number }; // udp: SO_TIMESTAMPNS or SO_TIMESTAMPING, and of how many packets it remembers what it was told
  readonly udp_gro?: boolean; // UDP_GRO: it takes datagrams merged
  readonly incoming_cpu_each?: boolean; // SO_INCOMING_CPU of each thread's socket is the thread's CPU
  readonly busy_poll?: number; // SO_BUSY_POLL, us; without it: net.core.busy_read
  readonly prefer_busy_poll?: boolean; // SO_PREFER_BUSY_POLL; only root may
  readonly busy_poll_budget?: number; // SO_BUSY_POLL_BUDGET; only root may raise it
  readonly epoll?: EpollOptions; // it waits in epoll_wait(), and reads without waiting
}

export interface EpollOptions {
  readonly shared?: boolean; // one instance for all threads, else one for each
  readonly edge?: boolean; // EPOLLET
  readonly exclusive?: boolean; // EPOLLEXCLUSIVE
  readonly max_events?: number; // of epoll_wait(): 64
  readonly timeout_ms?: number; // of epoll_wait(); without it: none
  readonly busy_poll_usecs?: number; // EPIOCSPARAMS; without it: net.core.busy_poll
  readonly busy_poll_budget?: number;
  readonly prefer_busy_poll?: boolean;
}
