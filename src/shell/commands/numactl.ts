/// numactl 2.0.19: the NUMA nodes, their CPUs, memory and distances.
/// A program can be bound to nodes (-N) or CPUs (-C). Left out: policies of memory, whose placement is not
/// modelled.
import { cpusIn, maskAnd, maskIsEmpty, maskOf, parseList } from '../../kernel/cpumask.ts';
import { strerror } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { notModelled } from '../options.ts';
import { distances, nodeCpus, nodeMemory } from '../sys/node.ts';

function nodesOf(k: Kernel): number[] {
  return k.desc.numa.map((_, node) => node);
}

function* hardware(io: Io): Running {
  const { k } = io;
  const nodes = nodesOf(k);
  const range = nodes.length > 1 ? `0-${nodes.length - 1}` : '0';
  const mebibytes = (kb: number) => Math.floor(kb / 1024);
  yield* io.out.line(`available: ${nodes.length} nodes (${range})`);
  for (const node of nodes) {
    const { total, free } = nodeMemory(k, node);
    yield* io.out.line(`node ${node} cpus: ${nodeCpus(k, node).join(' ')}`);
    yield* io.out.line(`node ${node} size: ${mebibytes(total)} MB`);
    yield* io.out.line(`node ${node} free: ${mebibytes(free)} MB`);
  }
  yield* io.out.line('node distances:');
  yield* io.out.line(`node  ${nodes.map((node) => `${String(node).padStart(4)} `).join('')}`);
  for (const node of nodes) {
    const row = distances(k, node).map((distance) => `${String(distance).padStart(4)} `);
    yield* io.out.line(`${String(node).padStart(4)}: ${row.join('')}`);
  }
  return 0;
}

function* show(io: Io): Running {
  const { k } = io;
  const cpus = k.cpus.filter((cpu) => cpu.online).map((cpu) => `${cpu.id} `);
  const nodes = nodesOf(k).map((node) => `${node} `);
  yield* io.out.line('policy: default');
  yield* io.out.line('preferred node: current');
  yield* io.out.line(`physcpubind: ${cpus.join('')}`);
  for (const name of ['cpubind', 'nodebind', 'membind'])
    yield* io.out.line(`${name}: ${nodes.join('')}`);
  yield* io.out.line('preferred: ');
  return 0;
}

const USAGE = [
  'usage: numactl [--all | -a] [--balancing | -b]',
  '               [--interleave= | -i <nodes>] [--weighted-interleave= | -w <nodes>]',
  '               [--preferred= | -p <node>] [--preferred-many= | -P <nodes>]',
  '               [--physcpubind= | -C <cpus>] [--cpunodebind= | -N <nodes>]',
  '               [--membind= | -m <nodes>] [--localalloc | -l] command args ...',
  '               [--localalloc | -l] command args ...',
  '       numactl [--show | -s]',
  '       numactl [--hardware | -H] [--cpu-compress]',
  '       numactl [--version]',
  '       numactl [--length | -L <length>] [--offset | -o <offset>] [--shmmode | -M <shmmode>]',
  '               [--strict | -t]',
  '               [--shmid | -I <id>] --shm | -S <shmkeyfile>',
  '               [--shmid | -I <id>] --file | -f <tmpfsfile>',
  '               [--huge | -u] [--touch | -T] ',
  '               memory policy [--dump | -d] [--dump-nodes | -D]',
  '',
  'memory policy is --preferred | -p, --membind | -m, --localalloc | -l,',
  '                 --interleave | -i, --weighted-interleave | -w',
  '<nodes> is a comma delimited list of node numbers or A-B ranges or all.',
  'Instead of a number a node can also be:',
  '  netdev:DEV the node connected to network device DEV',
  '  file:PATH  the node the block device of path is connected to',
  '  ip:HOST    the node of the network device host routes through',
  '  block:PATH the node of block device path',
  '  pci:[seg:]bus:dev[:func] The node of a PCI device',
  '<cpus> is a comma delimited list of cpu numbers or A-B ranges or all',
  'all ranges can be inverted with !',
  'all numbers and ranges can be made cpuset-relative with +',
  'the old --cpubind argument is deprecated.',
  'use --cpunodebind or --physcpubind instead',
  'use --balancing | -b to enable Linux kernel NUMA balancing',
  'for the process if it is supported by kernel',
  '<length> can have g (GB), m (MB) or k (KB) suffixes',
].join('\n');

/// -N NODES or -C CPUS: the command, on the CPUs of those nodes, or on those CPUs.
function* bound(io: Io, byNode: boolean, list: string, command: readonly string[]): Running {
  const { k } = io;
  const most = byNode ? k.desc.numa.length : k.desc.cpus;
  const parsed =
    list === 'all'
      ? maskOf(
          Array.from({ length: most }, (_, i) => i),
          most,
        )
      : parseList(list, 8192);
  const wanted = typeof parsed === 'string' ? [] : cpusIn([...parsed]);
  const beyond = wanted.find((one) => one >= most);
  if (wanted.length === 0 || beyond !== undefined) {
    yield* io.out.line(`<${list}> is invalid`);
    const what = byNode ? 'node' : 'cpu';
    if (beyond !== undefined)
      yield* io.err.line(`libnuma: Warning: ${what} argument ${beyond} is out of range\n`);
    yield* io.err.line(USAGE);
    return 1;
  }
  const cpus = byNode ? wanted.flatMap((node) => [...nodeCpus(k, node)]) : wanted;
  const online = k.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.id);
  const affinity = maskAnd(maskOf(cpus, k.desc.cpus), maskOf(online, k.desc.cpus));
  if (maskIsEmpty(affinity)) {
    yield* io.err.line(`sched_setaffinity: ${strerror('EINVAL')}`);
    return 1;
  }
  const status = yield* io.exec(command, { affinity });
  if (typeof status === 'number') return status;
  yield* io.err.line(`numactl: execution of \`${command[0] ?? ''}': ${strerror(status)}`);
  return 1;
}

export const numactl: Command = {
  name: 'numactl',
  summary: 'show NUMA nodes, or start a command on some',
  usage: 'numactl --hardware | --show | [-N NODES | -C CPUS] COMMAND [ARGUMENT]...',
  *run(io) {
    const [, option = ''] = io.argv;
    if (/^(-H|--hardware)$/.test(option)) return yield* hardware(io);
    if (/^(-s|--show)$/.test(option)) return yield* show(io);
    const [, how, inline] = /^(-N|--cpunodebind|-C|--physcpubind)(?:=(.+))?$/.exec(option) ?? [];
    if (how === undefined) return yield* notModelled(io, option);
    const list = inline ?? io.argv[2] ?? '';
    const command = io.argv.slice(inline === undefined ? 3 : 2);
    if (command.length === 0) return yield* notModelled(io, `${option} without a command`);
    return yield* bound(io, /N|cpunode/.test(how), list, command);
  },
};
