/// The peer: ns-3's receive-only figure, from the system's libns3 where it is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'test/bench/ns3_rxonly.cc');
const program = join(root, '.cache/ns3_rxonly');
const libraries = '/usr/lib/x86_64-linux-gnu';

/// Builds the peer; null, with the reason printed, where ns-3 or a compiler is missing.
export function buildNs3(): string | null {
  const found = existsSync(libraries)
    ? readdirSync(libraries).filter((name) =>
        /^libns3-(core|network|internet|point-to-point)\.so$/.test(name),
      )
    : [];
  if (!existsSync('/usr/include/ns3') || found.length < 4)
    return missing('libns3-dev is not installed');
  const flags = ['-O3', '-march=native', '-DNDEBUG', '-o', program, source];
  const r = spawnSync('g++', [...flags, ...found.map((name) => join(libraries, name))], {
    encoding: 'utf8',
  });
  return r.status === 0 ? program : missing(`g++: ${r.stderr.split('\n')[0] ?? ''}`);
}

/// Which ns-3 it is: the system's package has logging compiled in and is slower than an optimised build.
export function ns3Name(): string {
  const r = spawnSync('dpkg-query', ['-W', '-f', '${Version}', 'libns3-dev'], { encoding: 'utf8' });
  const version = r.status === 0 ? `libns3 ${r.stdout}` : 'libns3 of unknown version';
  return `package ${version} (logging compiled in), HeapScheduler, program built with g++ -O3 -march=native -DNDEBUG`;
}

/// Packets a CPU second of one run, in millions; throws when it lost packets.
export function runNs3(path: string): number {
  const r = spawnSync(path, ['--seconds=0.5'], { encoding: 'utf8' });
  const { packets, mpps_cpu } = JSON.parse(r.stdout) as { packets: number; mpps_cpu: number };
  if (packets < 499_000) throw new Error(`ns-3 delivered ${packets} of 500000 packets`);
  return mpps_cpu;
}

function missing(why: string): null {
  console.log(`ns-3: not measured (${why})`);
  return null;
}
