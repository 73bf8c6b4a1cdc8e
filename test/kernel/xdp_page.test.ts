/// What the page on XDP says about AF_XDP, marks and IPv6, by the output of its own consoles.
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
