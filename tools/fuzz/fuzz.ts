/// Random command lines and share links against the whole host: no exception may come out, nothing
/// may hang, and every packet must stay accounted for.
import { stream } from '../../src/engine/random.ts';
import { clone } from '../../src/engine/snapshot.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import type { RunState } from '../../src/player/protocol.ts';
import { decodeLink, encodeLink } from '../../src/player/share.ts';
import { createSession } from '../../src/shell/shell.ts';
import { scenarios } from '../../simulations/index.ts';
import { typed } from '../typed.ts';
import { randomLine, randomLink } from './words.ts';

export interface Findings {
  readonly tried: number;
  readonly failures: readonly string[]; // the input, then what happened
  readonly slowest_ms: number;
  readonly slowest: string;
}

/// Lines typed on one host before a fresh one is booted, so that damage can add up but not for ever.
const LIFETIME = 50;
const PATIENCE_NS = 20_000_000; // Ctrl-C after 20 ms of virtual time
const BREATHS = 300; // or after so many pauses without any

/// Types `count` random lines. `clock` gives wall milliseconds, for the slowest line only.
export function fuzzLines(count: number, seed: number, clock: () => number): Findings {
  const random = stream(seed, 'lines');
  const fresh = Object.values(hosts).map((desc) => boot(desc, seed));
  const failures: string[] = [];
  let slowest_ms = 0;
  let slowest = '';
  let host = { k: clone(fresh[0]!) };
  let session = createSession(host.k, 'root');
  for (let n = 0; n < count; n++) {
    if (n % LIFETIME === 0) {
      host = { k: clone(fresh[(n / LIFETIME) % fresh.length]!) };
      session = createSession(host.k, n % 3 === 0 ? 'alice' : 'root');
    }
    const line = randomLine(random);
    const started = clock();
    try {
      typed(host, session, line, {
        columns: n % 2 === 0 ? 80 : null,
        limit_ns: PATIENCE_NS,
        breaths: BREATHS,
      });
      checkLedger(host.k);
    } catch (error) {
      failures.push(`${JSON.stringify(line)}: ${(error as Error).stack ?? String(error)}`);
      host = { k: clone(fresh[0]!) };
      session = createSession(host.k, 'root');
    }
    const took = clock() - started;
    if (took > slowest_ms) [slowest_ms, slowest] = [took, line];
  }
  return { tried: count, failures, slowest_ms, slowest };
}

/// Decodes `count` random links; whatever was understood must survive being written again.
export function fuzzLinks(count: number, seed: number, clock: () => number): Findings {
  const random = stream(seed, 'links');
  const failures: string[] = [];
  let slowest_ms = 0;
  let slowest = '';
  const all = Object.values(scenarios);
  for (let n = 0; n < count; n++) {
    const link = randomLink(random);
    const scenario = all[n % all.length]!;
    const started = clock();
    try {
      const { run } = decodeLink(link, scenario);
      const again = encodeLink(run, scenario);
      if (again.hash !== '') {
        const back = decodeLink(again.hash, scenario);
        if (wordsOf(back.run) !== wordsOf(run))
          failures.push(`${link.slice(0, 200)}: changed when written again`);
      }
    } catch (error) {
      failures.push(
        `${JSON.stringify(link.slice(0, 200))}: ${(error as Error).stack ?? String(error)}`,
      );
    }
    const took = clock() - started;
    if (took > slowest_ms) [slowest_ms, slowest] = [took, link];
  }
  return { tried: count, failures, slowest_ms, slowest };
}

/// A run as text, whatever the order of its fields.
function wordsOf({ scenario, seed, at_ns, entries }: RunState): string {
  return JSON.stringify([
    scenario,
    seed,
    at_ns,
    entries.map((e) => [e.at_ns, e.from, e.line, e.breaths]),
  ]);
}
