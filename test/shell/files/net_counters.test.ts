import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hosts } from '../../../src/hardware/hosts.ts';
import { boot } from '../../../src/kernel/boot.ts';
import { advance } from '../../../src/kernel/run.ts';
import type { Kernel } from '../../../src/kernel/state.ts';
import { startSource } from '../../../src/kernel/traffic.ts';
import type { Line } from '../../../src/shell/command.ts';
import { fibTrieStat } from '../../../src/shell/proc/fib_trie.ts';
import { devSnmp6, snmp6 } from '../../../src/shell/proc/snmp.ts';

const PROFILES = ['virtio', 'igb', 'mixed', 'laptop', 'wide'];
const ETH0 = 1;

function host(profile: string): Kernel {
  return boot(hosts[profile]!, 1);
}

function text(lines: readonly Line[]): string {
  return lines.map((line) => `${line.text}\n`).join('');
}

/// The file as it was recorded right after boot.
function recorded(profile: string, path: string): string {
  const file = `test/reference/transcripts/snapshots/snapshot-${profile}.json`;
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as {
    files: Record<string, { content: string }>;
  };
  return files[path]!.content;
}

function valueOf(lines: readonly Line[], name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)$`, 'm').exec(text(lines))?.[1]);
}

describe('counters of IPv6', () => {
  it.each(PROFILES)('after boot are those of the recorded host: %s', (profile) => {
    const k = host(profile);
    expect(text(snmp6(k))).toBe(recorded(profile, '/proc/net/snmp6'));
    for (const dev of k.devs)
      expect(text(devSnmp6(k, dev))).toBe(recorded(profile, `/proc/net/dev_snmp6/${dev.name}`));
  });

  it('are kept for the device a packet came by, and for the host', () => {
    const k = host('virtio');
    startSource(k, { dev: ETH0, pps: 1000, v6: true, limit: 5 });
    advance(k, 20_000_000);
    expect(valueOf(devSnmp6(k, k.devs[ETH0]!), 'Ip6InReceives')).toBe(5);
    expect(valueOf(devSnmp6(k, k.devs[ETH0 + 1]!), 'Ip6InReceives')).toBe(0);
    expect(valueOf(snmp6(k), 'Ip6InReceives')).toBe(5);
  });
});

describe('/proc/net/fib_triestat', () => {
  const shape = (content: string): string => content.replace(/^(gets|sem|null|back).*$/gm, '#');

  it.each(PROFILES)('shows the tries of the recorded host: %s', (profile) => {
    const real = shape(recorded(profile, '/proc/net/fib_triestat'));
    expect(shape(text(fibTrieStat(host(profile))))).toBe(real);
  });

  it('counts a look-up for a packet, and what it found', () => {
    const k = host('virtio');
    startSource(k, { dev: ETH0, pps: 1000, limit: 1 });
    advance(k, 20_000_000);
    const { stats } = k.fib.tries[0]!;
    expect(stats.gets).toBeGreaterThan(0);
    expect(stats.semantic_match_passed + stats.semantic_match_miss).toBeGreaterThanOrEqual(
      stats.gets,
    );
  });
});
