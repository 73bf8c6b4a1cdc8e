/// What the page on XDP says about the output of its consoles.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { consoleOf } from '../../src/player/console.ts';

const page = readFileSync(new URL('../../content/ingress/xdp.mdx', import.meta.url), 'utf8');

/// Lines printed by the console that types a command with these words.
function shown(words: string): string[] {
  const found = [...page.matchAll(/<Console\b([\s\S]*?)\n\/>/g)].find(([all]) =>
    all.includes(words),
  );
  const props = found?.[1] ?? '';
  const host = /host="([^"]+)"/.exec(props)?.[1] ?? '';
  const list = /run=\{\[([\s\S]*)\]\}/.exec(props)?.[1] ?? '';
  const run = [...list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)].map(
    ([, single, double]) => (single ?? double ?? '').replace(/\\(.)/g, '$1'),
  );
  return consoleOf(hosts[host]!, run, undefined).map(({ text }) => text);
}

describe('the page on XDP', () => {
  it('drops 10 000 frames, and IP counts the 100 that are left', () => {
    const lines = shown('--count 10000 >/dev/null');
    expect(lines.some((line) => /^IpInReceives +100 /.test(line))).toBe(true);
    expect(lines).toContain('     rx_xdp_drops: 10000');
    expect(lines.slice(-2)).toEqual(['0', '10000']);
  });

  it('blocks an address while the program runs', () => {
    expect(shown('map update name blocked').at(-1)).toBe('     rx_xdp_drops: 50');
  });

  it('has no native mode on e1000e, and falls back where none was asked for', () => {
    const lines = shown('host="mixed"').join('\n');
    expect(lines).toContain('Underlying driver does not support XDP in native mode.');
    expect(lines).toContain('mtu 1500 xdpgeneric qdisc');
    expect(lines).toMatch(/lo\(1\) generic id \d+\neth0\(2\) driver id \d+\neth1\(3\) generic/);
  });

  it('moves all packets to CPU 5', () => {
    expect(shown('/tmp/to5.xdp').filter((line) => /^CPU\d 0*[1-9a-f]/.test(line))).toEqual([
      'CPU5 000003e8',
    ]);
  });

  it('gives every frame to AF_XDP', () => {
    expect(shown('xdpsock -r').some((line) => /^rx +200000 +200000 /.test(line))).toBe(true);
  });

  it('measures 14 ns for a program that only drops, and more for one that looks up', () => {
    const [drop = 0, firewall = 0] = shown('bpf_stats_enabled=1').flatMap((line) =>
      /^(\d+) ns a frame/.test(line) ? [parseInt(line)] : [],
    );
    expect(drop).toBe(14);
    expect(firewall).toBeGreaterThan(50);
  });

  it('has a loop refused', () => {
    expect(shown('/tmp/loop.xdp').join('\n')).toContain('infinite loop detected');
  });

  it('drops IPv6 by a prefix in a trie', () => {
    expect(shown('/tmp/six.xdp').at(-1)).toBe('     rx_xdp_drops: 50');
  });

  it('has zero-copy refused by igb', () => {
    expect(shown('xdpsock -r -z').slice(1)).toEqual([
      'xdpsock.c:xsk_configure_socket:1068: errno: 95/"Operation not supported"',
      'status 1',
    ]);
  });

  it('receives by ice in both modes', () => {
    const rows = shown('for m in -c -z').filter((line) => /^rx +[45]\d{5} /.test(line));
    expect(rows.length).toBe(2);
  });

  it('brings a mark from XDP to nftables', () => {
    expect(shown('/tmp/mark.tc').join('\n')).toMatch(/0x0000002a counter packets 100 /);
  });
});
