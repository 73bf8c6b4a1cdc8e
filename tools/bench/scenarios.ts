/// The workloads of the benchmark: hosts and traffic for the receive path alone.
import type { AppDescription, HostDescription } from '../../src/kernel/host.ts';

const PORTS = [9000, 9001, 9002, 9003, 9004, 9005, 9006, 9007];

/// udp2m: 64-byte UDP frames of 256 flows at 2 Mpps into 4 receive queues of a 10 Gb/s NIC, taken on by
/// 8 CPUs through RPS, read by 8 processes, all delivered.
export const udp2m = {
  pps: 2_000_000,
  flows: 256,
  len: 64,
  ports: PORTS,
  host: {
    profile: 'bench',
    hostname: 'bench',
    cpus: 8,
    numa: [[0, 1, 2, 3, 4, 5, 6, 7]],
    numa_distance: 10,
    memory_mib: 8192,
    hz: 250,
    uptime_ns: 60_000_000_000,
    nics: [
      {
        name: 'eth0',
        driver: 'igb',
        numa_node: 0,
        mac: '52:54:00:12:34:50',
        address: '10.0.0.2/24',
        peer: '10.0.0.1',
        queues: 4,
        speed_mbps: 10_000,
        pci: '0000:41:00.0',
      },
    ],
    apps: PORTS.map((port, cpu): AppDescription => ({
      comm: 'udp-sink',
      user: 'alice',
      port,
      cpu,
      service_ns: 0,
      rcvbuf: 0,
    })),
  } satisfies HostDescription,
};
