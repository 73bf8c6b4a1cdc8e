/// Our shell and a real bash, side by side: the same snippets, the same output, errors and status.
/// Without bash on the machine the comparison is skipped, and says so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleQuote } from '../../src/shell/quote.ts';
import { snippets } from './bash_snippets.ts';
import { bench } from './fixture.ts';

interface Answer {
  out: string;
  err: string;
  status: number | null;
}

const found = spawnSync('bash', ['--version'], { encoding: 'utf8' });
const version = /version (\d+)\.(\d+)/.exec(found.stdout ?? '');
const usable = version !== null && Number(version[1]) * 100 + Number(version[2]) >= 502;
if (!usable) console.log('bash 5.2 or newer is missing: the comparison with it is skipped');

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'softnet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function real(snippet: string): Answer {
  const cwd = mkdtempSync(join(directory, 'w'));
  const env = { PATH: '/usr/bin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
  const r = spawnSync('bash', ['--norc', '--noprofile', '-c', snippet], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  return {
    out: r.stdout.replaceAll(cwd, '/tmp/w'),
    err: r.stderr.replaceAll(cwd, '/tmp/w'),
    status: r.status,
  };
}

function ours(snippet: string): Answer {
  const b = bench();
  b.session.files['/tmp/w/'] = '';
  b.session.cwd = '/tmp/w';
  const status = b.run(`bash -c ${singleQuote(snippet)}`);
  return { out: b.out, err: b.err, status };
}

/// Messages that newer versions of bash word differently are compared by output and status alone.
const sameWords = version !== null && version[1] === '5' && version[2] === '2';

describe.skipIf(!usable)('answers as bash does', () => {
  it.each(snippets)('%j', (snippet) => {
    const expected = real(snippet);
    const got = ours(snippet);
    if (!sameWords) expected.err = got.err;
    expect(got).toEqual(expected);
  });

  it('computes random arithmetic expressions as bash does', () => {
    const leaf = fc.oneof(
      fc.integer({ min: 0, max: 20 }).map(String),
      fc.constantFrom('9223372036854775807', '0x7f', '010', '2#1011', 'x', 'y'),
    );
    const binary = fc.constantFrom(
      '+',
      '-',
      '*',
      '/',
      '%',
      '<<',
      '>>',
      '&',
      '|',
      '^',
      '<',
      '>=',
      '==',
      '&&',
      '||',
      ',',
    );
    const expression = fc.letrec<{ e: string }>((tie) => ({
      e: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.tuple(tie('e'), binary, tie('e')).map(([a, op, b]) => `${a} ${op} ${b}`),
        fc.tuple(fc.constantFrom('-', '~', '!', '+'), tie('e')).map(([op, a]) => `${op} (${a})`),
        tie('e').map((a) => `(${a})`),
        fc.tuple(tie('e'), tie('e'), tie('e')).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
        fc.constantFrom('x++', '--y', '(x += 3)', '(y <<= 1)'),
      ),
    })).e;
    const all = fc.sample(expression, { numRuns: 200, seed: 7 });
    const script = all.map((e) => `x=5 y=-3; echo $(( ${e} )) $x $y`).join('\n');
    expect(ours(script)).toEqual(real(script));
  });
});
