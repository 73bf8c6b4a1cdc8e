import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import type { HostDescription, NicDescription } from '../../src/kernel/host.ts';

const host = hosts['alder']!;
const legacy = hosts['mixed']!;

function withHost(change: Partial<HostDescription>): () => unknown {
  return () => boot({ ...host, ...change }, 1);
}

function withNic(change: Partial<NicDescription>, at = 0, desc = host): () => unknown {
  const nics = desc.nics.map((nic, i) => (i === at ? { ...nic, ...change } : nic));
  return () => boot({ ...desc, nics }, 1);
}

function withApp(change: object): () => unknown {
  return withHost({ apps: [{ ...host.apps[0]!, ...change }] });
}

describe('an impossible host', () => {
  it.each(Object.keys(hosts))('is none of ours: %s boots', (name) => {
    expect(() => boot(hosts[name]!, 1)).not.toThrow();
  });

  const faults: readonly (readonly [string, () => unknown, string])[] = [
    ['no CPU', withHost({ cpus: 0, numa: [[]] }), 'cpus: 0 is not between 1 and 8192'],
    ['half a CPU', withHost({ cpus: 1.5 }), 'cpus: 1.5 is not'],
    ['more CPUs than the kernel knows', withHost({ cpus: 8193 }), 'cpus: 8193 is not'],
    [
      'a busier CPU that is not there',
      withHost({ busier_cpus: [8] }),
      'busier_cpus: there is no CPU 8',
    ],
    [
      'a node for CPUs that are not there',
      withHost({
        numa: [
          [0, 1, 2, 3],
          [4, 5, 6, 7, 8],
        ],
      }),
      'numa: node 1 has CPU 8, but there are 8',
    ],
    [
      'a CPU in two nodes',
      withHost({
        numa: [
          [0, 1, 2, 3, 4],
          [4, 5, 6, 7],
        ],
      }),
      'numa: CPU 4 is in node 0 and in node 1',
    ],
    [
      'a CPU in no node',
      withHost({
        numa: [
          [0, 1, 2],
          [4, 5, 6, 7],
        ],
      }),
      'numa: CPU 3 is in no node',
    ],
    ['no node', withHost({ numa: [] }), 'numa: 0 nodes are not'],
    [
      'a distance as of one node',
      withHost({ numa_distance: 10 }),
      'numa_distance: 10 is not between 11 and 254',
    ],
    ['no memory', withHost({ memory_mib: 0 }), 'memory_mib: 0 MiB'],
    ['an odd tick', withHost({ hz: 60 }), 'hz: 60 is none of'],
    ['an uptime before boot', withHost({ uptime_ns: -1 }), 'uptime_ns: -1'],
    ['a name that is none', withNic({ name: 'eth 0' }), "nics[0].name: 'eth 0' is no name"],
    ['a name of 16 letters', withNic({ name: 'a234567890123456' }), 'nics[0].name'],
    ['the name of lo', withNic({ name: 'lo' }), 'nics[0].name: lo is taken'],
    ['the same name twice', withNic({ name: 'eth0' }, 1), 'nics[1].name: eth0 is taken'],
    ['the same MAC twice', withNic({ mac: host.nics[0]!.mac }, 1), 'nics[1].mac'],
    ['a group address', withNic({ mac: '01:00:5e:00:00:01' }), 'is a group address'],
    ['a MAC that is none', withNic({ mac: '52:54' }), "nics[0].mac: '52:54' is no MAC address"],
    ['the same slot twice', withNic({ pci: host.nics[0]!.pci }, 1), 'nics[1].pci'],
    ['a slot that is none', withNic({ pci: '41:00' }), "nics[0].pci: '41:00' is no PCI address"],
    [
      'a node that is not there',
      withNic({ numa_node: 2 }),
      'nics[0].numa_node: there is no node 2',
    ],
    ['a link without speed', withNic({ speed_mbps: 0 }), 'nics[0].speed_mbps: 0'],
    [
      'an address that is none',
      withNic({ address: '10.0.0.256/24' }),
      "nics[0].address: '10.0.0.256/24'",
    ],
    ['an address without its prefix', withNic({ address: '10.0.0.2' }), 'nics[0].address'],
    ['a prefix that is none', withNic({ address: '10.0.0.2/33' }), 'nics[0].address'],
    ['a peer that is none', withNic({ peer: 'router' }), "nics[0].peer: 'router' is no IPv4"],
    [
      'itself as a peer',
      withNic({ peer: '10.0.0.2' }),
      "nics[0].peer: 10.0.0.2 is the device's own",
    ],
    [
      'a peer elsewhere',
      withNic({ peer: '10.0.9.1' }),
      'nics[0].peer: 10.0.9.1 is not in the network',
    ],
    [
      'the same address twice',
      withNic({ address: '10.0.0.2/24', peer: '10.0.0.1' }, 1),
      'nics[1].address',
    ],
    ['an unknown driver', withNic({ driver: 'tg3' }), 'nics[0].driver: tg3 is not modelled'],
    ['a driver out of Object', withNic({ driver: 'constructor' }), 'nics[0].driver'],
    ['no queue', withNic({ queues: 0 }), 'nics[0].queues: 0 is not'],
    [
      'more queues than the driver can',
      withNic({ queues: 9 }),
      'nics[0].queues: igb has 8 at most, not 9',
    ],
    [
      'queues without a CPU',
      withNic({ driver: 'virtio_net', queues: 9 }),
      'nics[0].queues: 9 queues for 8 CPUs',
    ],
    [
      'a legacy interrupt without a line',
      withNic({ driver: 'e1000', queues: 1 }),
      'nics[0].intx: e1000 needs a line',
    ],
    ['a line for MSI-X', withNic({ intx: 21 }), 'nics[0].intx: igb has MSI-X'],
    ['a line of the timer', withNic({ intx: 2 }, 2, legacy), 'nics[2].intx: 2 is no line'],
    ['a port that is none', withApp({ port: 0 }), 'apps[0].port: 0 is not'],
    [
      'an application on a CPU that is not there',
      withApp({ cpu: 8 }),
      'apps[0].cpu: there is no CPU 8',
    ],
    ['an application without a name', withApp({ comm: '' }), 'apps[0].comm'],
    ['an application faster than light', withApp({ service_ns: -1 }), 'apps[0].service_ns: -1'],
    ['a buffer of less than nothing', withApp({ rcvbuf: -1 }), 'apps[0].rcvbuf: -1'],
  ];

  it.each(faults)('with %s does not boot, and says why', (_what, start, sentence) => {
    expect(start).toThrow(sentence);
    expect(start).toThrow(/^host 'alder|mixed': /);
  });
});
