/// The same commands on this machine's own tools, to compare with. Where a tool is missing or is not
/// the GNU one, the comparison is left out with a word about it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Case {
  readonly words: readonly string[];
  readonly stdin: string;
}

export interface Result {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

const env = { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin', TZ: 'UTC' };

/// Whether the tool is here and names itself as expected.
export function isHere(tool: string, banner: RegExp): boolean {
  const { stdout, error } = spawnSync(tool, ['--version'], {
    encoding: 'utf8',
    env,
    timeout: 5000,
  });
  const here = !error && banner.test(stdout);
  if (!here) console.log(`not compared: ${tool} is not on this machine`);
  return here;
}

/// Runs all cases in one shell, in a directory with the files given.
export function runReal(cases: readonly Case[], files: Readonly<Record<string, string>>): Result[] {
  const place = mkdtempSync(join(tmpdir(), 'softnet-real-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
    const script = cases.map(({ words, stdin }, i) => {
      writeFileSync(join(place, `.in${i}`), stdin);
      return `timeout 5 ${words.map(quote).join(' ')} <.in${i} >.out${i} 2>.err${i}; echo $? >.rc${i}`;
    });
    spawnSync('bash', ['-c', script.join('\n')], { cwd: place, env, timeout: 60_000 });
    return cases.map((_, i) => ({
      out: readFileSync(join(place, `.out${i}`), 'utf8'),
      err: readFileSync(join(place, `.err${i}`), 'utf8'),
      status: Number(readFileSync(join(place, `.rc${i}`), 'utf8')),
    }));
  } finally {
    rmSync(place, { recursive: true });
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
