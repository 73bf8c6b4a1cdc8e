/// numactl 2.0.19: the NUMA nodes, their CPUs, memory and distances.
/// Left out: running a program with a policy, since memory placement is not modelled.
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

export const numactl: Command = {
  name: 'numactl',
  summary: 'show NUMA nodes',
  usage: 'numactl --hardware | --show',
  *run(io) {
    const [, option = ''] = io.argv;
    if (/^(-H|--hardware)$/.test(option)) return yield* hardware(io);
    if (/^(-s|--show)$/.test(option)) return yield* show(io);
    return yield* notModelled(io, option);
  },
};
