/// One measurement of `udp2m` in a process of its own: packets a CPU second, as JSON on one line.
/// Arguments: packets, seed.
import { boot } from '../../src/kernel/boot.ts';
import { ethtool_set_rxnfc } from '../../src/kernel/ethtool_ops_rss.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { store_rps_map } from '../../src/kernel/net_sysfs.ts';
import { advance } from '../../src/kernel/run.ts';
import { startSource } from '../../src/kernel/traffic.ts';
import { udp2m } from './scenarios.ts';

const packets = Number(process.argv[2] ?? 2_000_000);
const k = boot(udp2m.host, Number(process.argv[3] ?? 7));
const dev = k.devs.findIndex((one) => one.name === 'eth0');
const eth0 = k.devs[dev];
if (!eth0) throw new Error('the bench host has no eth0');
ethtool_set_rxnfc(k, eth0, 'udp4', 'sdfn');
for (const queue of eth0.rx) store_rps_map(k, queue, 'ff');
for (const dport of udp2m.ports)
  startSource(k, {
    dev,
    pps: udp2m.pps / udp2m.ports.length,
    flows: udp2m.flows / udp2m.ports.length,
    len: udp2m.len,
    dport,
  });

advance(k, 100_000_000); // the compiler has seen every path
const warm = { offered: k.ledger.offered, heap: process.memoryUsage().heapUsed };
const started = process.cpuUsage();
advance(k, k.now + Math.round((packets / udp2m.pps) * 1e9));
const { user, system } = process.cpuUsage(started);
checkLedger(k);
const offered = k.ledger.offered - warm.offered;
console.log(
  JSON.stringify({
    packets: offered,
    lost: k.ledger.drops.reduce((sum, n) => sum + n, 0),
    mpps_cpu: offered / (user + system),
    heap_growth_mb: (process.memoryUsage().heapUsed - warm.heap) / 1e6,
    rss_mb: process.memoryUsage().rss / 1e6,
    pool: k.skbs.capacity,
  }),
);
