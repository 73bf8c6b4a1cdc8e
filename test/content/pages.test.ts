/// The pages of the knowledge base: each names the topics of its slug, and every command that a reader
/// is shown runs on the simulated host.
/// Left out: the frontmatter's schema, which the build checks.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scenarioNamed } from '../../simulations/index.ts';
import { kernelSymbol } from '../../site/kernel_symbols.ts';
import { explainedCounter, explainedTunable } from '../../site/reference.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { consoleOf } from '../../src/player/console.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'content/ingress');
const OUT_OF_SCOPE = 'out of scope';

/// What a page must not show: our gaps, and words that no tool knows.
const GAP = /command not found|not modelled here|^Usage|unrecognized option|No such file/;

const pages = readdirSync(folder)
  .filter((file) => file.endsWith('.mdx'))
  .map((file) => ({
    slug: basename(file, '.mdx'),
    text: readFileSync(join(folder, file), 'utf8'),
  }));

const topics = readFileSync(join(root, 'test/reference/topics.tsv'), 'utf8')
  .split('\n')
  .map((row) => row.split('\t'))
  .filter(([id]) => /^S\d/.test(id ?? ''));

/// A list of the frontmatter, on one line or several, as the words that `like` matches.
function listed(text: string, field: string, like: RegExp): string[] {
  const front = /^---\n([\s\S]*?)\n---/.exec(text)?.[1] ?? '';
  const value = new RegExp(`^${field}:((?:.|\\n(?=[ \\]]))*)`, 'm').exec(front)?.[1] ?? '';
  return value.match(like) ?? [];
}

interface Console {
  readonly host: string;
  readonly at_ms: number | undefined;
  readonly run: readonly string[];
}

function consolesOf(text: string): Console[] {
  return [...text.matchAll(/<Console\b([\s\S]*?)\n?\/>/g)].map(([, props = '']) => {
    const at = /at_ms=\{(\d+)\}/.exec(props)?.[1];
    return {
      host: /host="([^"]+)"/.exec(props)?.[1] ?? 'alder',
      at_ms: at === undefined ? undefined : Number(at),
      run: literals(/run=\{\[([\s\S]*)\]\}/.exec(props)?.[1] ?? ''),
    };
  });
}

/// The string literals of a JavaScript list.
function literals(list: string): string[] {
  return [...list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(([, single, double]) =>
    (single ?? double ?? '').replace(/\\(.)/g, '$1'),
  );
}

/// Standard output and standard error of commands typed one after the other.
function typed({ host, at_ms, run }: Console): { out: string; err: string } {
  const where = scenarioNamed(host) ?? hosts[host];
  if (!where) throw new Error(`no host or scenario ${host}`);
  const printed = consoleOf(where, run, at_ms === undefined ? undefined : at_ms * 1e6);
  const of = (stream: 'out' | 'err') =>
    printed
      .filter((chunk) => chunk.stream === stream)
      .map((chunk) => `${chunk.text}\n`)
      .join('');
  return { out: of('out'), err: of('err') };
}

/// Commands in the prose and in buttons that can be typed as they stand.
function commandsIn(text: string): string[] {
  const prose = text.replace(/<Console\b[\s\S]*?\/>/g, '');
  const inline = [...prose.matchAll(/`((?:ethtool|ip|sysctl|cat|nstat) [^`\n]*)`/g)];
  const knobs = [...prose.matchAll(/<Knob run="([^"]+)"/g)];
  const offered = literals(/^try:\n((?: {2}- .*\n)+)/m.exec(text)?.[1] ?? '');
  return [
    ...new Set([...inline, ...knobs].map(([, command = '']) => command).concat(offered)),
  ].filter((command) => !command.includes('…') && /eth0|\/|net\./.test(command));
}

describe.each(pages)('the page $slug', ({ slug, text }) => {
  it('names the topics of its slug, all of them and no others', () => {
    const wanted = topics
      .filter((row) => row[4] === `ingress/${slug}` && row[5] !== OUT_OF_SCOPE)
      .map((row) => row[0]);
    expect(listed(text, 'topics', /S\d+/g).sort()).toEqual(wanted.sort());
  });

  it('speaks only of functions, tunables and counters that exist', () => {
    const functions = [...text.matchAll(/<Fn name="(\w+)"/g)].map(([, name = '']) => name);
    functions.push(...listed(text, 'functions', /\w+/g));
    expect(functions.filter((name) => !kernelSymbol('f', name))).toEqual([]);
    const ids = /(?:[a-z_]+(?:[:.][\w*-]+)+)/g;
    expect(listed(text, 'tunables', ids).filter((id) => !explainedTunable(id))).toEqual([]);
    expect(listed(text, 'counters', ids).filter((id) => !explainedCounter(id))).toEqual([]);
  });

  const consoles = consolesOf(text);
  it('shows at least two consoles', () => {
    expect(consoles.filter(({ run }) => run.length > 0).length).toBeGreaterThanOrEqual(2);
    expect(consoles).toHaveLength(text.split('<Console').length - 1);
  });

  it.each(consoles.map((each, index) => ({ index, ...each })))(
    'runs the commands of console $index',
    (each) => {
      const { out, err } = typed(each);
      // One console asks for a sysctl that no kernel has, to show what the tool says.
      expect(err.replace(/.*netdev_budget_timeout.*/, '')).not.toMatch(GAP);
      expect(out.length).toBeGreaterThan(0);
    },
  );

  it.each(commandsIn(text))('runs %s', (command) => {
    expect(typed({ host: 'alder', at_ms: undefined, run: [command] }).err).not.toMatch(GAP);
  });
});

/// Output of one console of a page, line by line.
function shown(slug: string, console: number): string[] {
  const page = pages.find((each) => each.slug === slug);
  const found = page && consolesOf(page.text)[console];
  if (!found) throw new Error(`${slug} has no console ${console}`);
  return typed(found).out.split('\n');
}

/// The first number of each line that `like` matches.
function numbers(lines: readonly string[], like: RegExp): number[] {
  return lines.flatMap((line) => like.exec(line)?.[1] ?? []).map(Number);
}

describe('what the prose says about its consoles', () => {
  it('a filtered frame is in no counter of the NIC', () => {
    const lines = shown('nic-filter', 0);
    const [good = 0] = numbers(lines, /rx_packets: (\d+)/);
    const [bad = 0] = numbers(lines, /rx_crc_errors: (\d+)/);
    expect(numbers(lines, /rx_errors: (\d+)/)).toEqual([bad]);
    expect(10_000 - good - bad).toBeGreaterThan(400);
  });

  it('a foreign frame dies before IpInReceives counts it', () => {
    const [received = 0] = numbers(shown('nic-filter', 1), /^IpInReceives +(\d+)/);
    expect(received).toBeLessThan(9_600);
  });

  it('a ring of 600 nearly holds a burst of 1024 with 400 us between interrupts', () => {
    const [short = 0, half = 0, near = 0, enough = -1] = numbers(
      shown('rx-ring', 1),
      /^ring \d+: (\d+) of 1024/,
    );
    expect(short).toBeGreaterThan(300);
    expect(half).toBeLessThan(short);
    expect(near).toBeLessThan(16);
    expect(enough).toBe(0);
  });

  it('with flow control the packet buffer catches the bursts', () => {
    const lines = shown('rx-ring', 2);
    const waited = numbers(lines, /rx_no_buffer_count: (\d+)/);
    expect(waited[0]).toBeGreaterThan(1_000);
    expect(numbers(lines, /rx_missed_errors: (\d+)/)).toHaveLength(1); // of the second flood only
  });

  it('rx-usecs 3 behaves as 50 does, not as 10', () => {
    const [off = 0, , mode = 0, ten = 0, fifty = 0] = numbers(
      shown('interrupt-moderation', 1),
      /^rx-usecs \d+: (\d+)/,
    );
    expect(off).toBeGreaterThan(39_990);
    expect(ten).toBeGreaterThan(4 * mode);
    expect(Math.abs(mode - fifty)).toBeLessThan(100);
  });

  it('a pinned vector counts once more on its old CPU', () => {
    const lines = shown('msix-irq', 1);
    const row =
      lines
        .find((line) => /^ 34: /.test(line))
        ?.trim()
        .split(/ +/) ?? [];
    expect(row.slice(1).map(Number)).toEqual([0, 0, 1, 0, 0, 100, 0, 0]);
  });

  it('64 UDP flows use one CPU until the ports are hashed', () => {
    const [before = [], after = []] = shown('msix-irq', 3)
      .filter((line) => line.includes('NET_RX:'))
      .map((line) => line.trim().split(/ +/).slice(1).map(Number));
    expect(before.filter((runs) => runs > 100)).toHaveLength(1);
    expect(after.filter((runs) => runs > 100)).toHaveLength(8);
  });

  it('the wire at its limit gives fewer interrupts than a million frames a second', () => {
    const [, , half = 0, million = 0, line = 0] = numbers(
      shown('napi', 0),
      /: (\d+) interrupts in/,
    );
    expect(half).toBeGreaterThan(99_990);
    expect(line).toBeLessThan(million);
  });

  it('two empty polls and 50 us take all interrupts away from 50 000 frames a second', () => {
    const [before = 0, deferred = -1, slow = 0] = numbers(shown('napi', 1), /^(\d+) interrupts/);
    expect(before).toBeGreaterThan(4_000);
    expect(deferred).toBeLessThan(5);
    expect(slow).toBeGreaterThan(990);
  });

  it('one queue squeezes with a budget of 64, not with 65', () => {
    const [full, more, less = 0] = numbers(shown('softirq-budget', 0), /, (\d+) squeezes/);
    expect([full, more]).toEqual([0, 0]);
    expect(less).toBeGreaterThan(1_000);
  });

  it('the flood of the simulation is lost at the socket, not in the backlog', () => {
    const lines = shown('softirq-budget', 2);
    const [read = 0] = numbers(lines, /^UdpInDatagrams +(\d+)/);
    const [full = 0] = numbers(lines, /^UdpRcvbufErrors +(\d+)/);
    expect(full).toBeGreaterThan(8 * read);
    expect(numbers(lines, /^[0-9a-f]{8} ([0-9a-f]{8}) /)).toEqual([0]);
  });
});
