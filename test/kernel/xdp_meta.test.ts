/// Metadata before the packet: who takes it, how much, and how it becomes a mark.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { REASON } from '../../src/kernel/reasons.ts';
import { advance } from '../../src/kernel/run.ts';
import { FLAG_META } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { bpf_prog_load } from '../../src/kernel/xdp/load.ts';
import { adjustMeta, metaHeadroom } from '../../src/kernel/xdp/metadata.ts';
import { runRules } from '../../src/kernel/xdp/rules.ts';
import { parseProgram, SourceTrouble } from '../../src/shell/bpftool/source.ts';
import { dropped, eth0, ms, traffic } from './hosts.ts';
import { attach, counted, machine, refused, terminal } from './xdp_hosts.ts';

/// The helper's answer on a device, with that many bytes.
function adjust(profile: string, len: number, legacy = false): string | null {
  const k = machine(profile);
  eth0(k).priv_flags['legacy-rx'] = legacy;
  return adjustMeta(k, metaHeadroom(eth0(k)), 0, len, 1);
}

describe('bpf_xdp_adjust_meta()', () => {
  it('wants whole words, 252 bytes at most, and 40 bytes left of the driver’s room', () => {
    expect([4, 8, 152].map((len) => adjust('igb', len))).toEqual([null, null, null]);
    expect(adjust('igb', 156)).toBe('EINVAL'); // 192 bytes of room in half a page
    expect(adjust('igb', 6)).toBe('EACCES');
    expect([adjust('mlx5', 216), adjust('mlx5', 220)]).toEqual([null, 'EINVAL']);
    expect([adjust('virtio', 228), adjust('virtio', 232)]).toEqual([null, 'EINVAL']);
    expect(adjust('virtio', 230)).toBe('EINVAL'); // the room is looked at first
    expect(adjust('virtio', 226)).toBe('EACCES');
  });

  it('is refused by ena and vmxnet3, and where legacy-rx leaves no room', () => {
    expect(adjust('ena', 4)).toBe('ENOTSUPP');
    expect(adjust('mixed', 4)).toBe('ENOTSUPP');
    expect([adjust('igb', 4, true), adjust('ixgbe', 4, true)]).toEqual(['EINVAL', 'EINVAL']);
    expect(adjust('ice', 4, true)).toBe('ENOTSUPP');
  });

  it('lets the program decide what to do when it fails: the samples abort', () => {
    for (const [source, aborted] of [
      ['meta 42 size 6 pass', 20],
      ['meta 42 size 6 else pass drop', 0],
    ] as const) {
      const k = machine('virtio');
      attach(k, eth0(k), source);
      traffic(k, { pps: 100_000, limit: 20 });
      advance(k, 10 * ms);
      checkLedger(k);
      expect(dropped(k, REASON.XDP_ABORTED)).toBe(aborted);
      expect(k.ledger.delivered).toBe(20 - aborted);
    }
  });

  it('is for XDP programs, as the mark is for classifiers', () => {
    expect(refused('mark 1 pass')).toBe('EACCES');
    expect(refused('if mark 1 drop\npass')).toBe('EACCES');
    expect(refused('section tc\nmeta 1 ok')).toBe('EINVAL');
    expect(refused('section tc\npass')).toBe('EINVAL');
    expect(refused('ok')).toBe('EACCES');
    expect(refused('section tc\nmark meta ok')).toBe('loaded');
    expect(refused('meta found pass')).toBe('EACCES');
    expect(refused('meta 1 size 3 pass')).toBe('EACCES');
  });
});

describe('GRO', () => {
  it('merges no packets whose metadata differ', () => {
    const merged = (source: string): number => {
      const k = machine('virtio');
      attach(k, eth0(k), source);
      eth0(k).features['rx-udp-gro-forwarding'] = true;
      eth0(k).features['generic-receive-offload'] = true;
      k.config_version++;
      traffic(k, { pattern: 'burst', burst: 16, period_ns: 10 * ms, limit: 16, len: 200 });
      advance(k, 5 * ms);
      checkLedger(k);
      return k.cpus.reduce((sum, c) => sum + c.processed, 0);
    };
    const alike = merged('meta 7 pass');
    const bare = merged('pass');
    const mixed = merged('if rate over 1 burst 8 meta 7 pass\npass');
    expect(bare).toBeLessThan(16);
    expect(alike).toBe(bare);
    expect(mixed).toBeGreaterThan(bare);
  });
});

/// A host with the two programs of the kernel's xdp2skb_meta sample, said in rules.
function marked(xdp: string, profile = 'virtio') {
  const { say, host } = terminal(profile);
  say(`printf '${xdp}' > /tmp/xdp_mark.o`);
  say(
    "printf 'program tc_mark\\nlicense GPL\\nsection tc_mark\\nsection tc\\nif meta any mark meta ok\\nmark 41 ok\\n' > /tmp/tc_mark.o",
  );
  expect(say('tc qdisc add dev eth0 clsact').status).toBe(0);
  expect(say('tc filter add dev eth0 ingress bpf da obj /tmp/tc_mark.o sec tc')).toEqual({
    ...{ out: '', err: '', status: 0 },
  });
  expect(say('ip link set dev eth0 xdp obj /tmp/xdp_mark.o sec xdp').status).toBe(0);
  return { say, k: host.k };
}

function flood(k: Kernel, dport = 9000): void {
  traffic(k, { pps: 100_000, limit: 50, dport });
  advance(k, k.now + 20 * ms);
  checkLedger(k);
}

describe('a mark from XDP', () => {
  it('reaches nftables', () => {
    const { say, k } = marked('meta 42 pass\\n');
    say("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }'");
    say("nft 'add rule ip t c meta mark 42 counter'");
    say("nft 'add rule ip t c meta mark 41 counter drop'");
    flood(k);
    expect(say('nft list chain ip t c').out).toMatch(/0x0000002a counter packets 50 bytes/);
    expect(say('nft list chain ip t c').out).toMatch(/0x00000029 counter packets 0 bytes 0/);
  });

  it('reaches the rules of routing', () => {
    const { say, k } = marked('if dport 9001 meta 7 pass\\npass\\n');
    say('ip rule add fwmark 7 blackhole');
    flood(k, 9001);
    const lost = k.ledger.drops.reduce((a, b) => a + b, 0);
    expect(lost).toBe(50);
    expect(k.ledger.delivered).toBe(0);
  });

  it('is the classifier’s own where the driver takes no metadata', () => {
    const { k, say } = marked('meta 42 else pass\\npass\\n', 'mixed');
    say("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }'");
    say("nft 'add rule ip t c meta mark 41 counter'");
    advance(k, k.now + 3000 * ms);
    traffic(k, { pps: 100_000, limit: 50, dport: 9000 });
    advance(k, k.now + 20 * ms);
    expect(say('nft list chain ip t c').out).toMatch(/counter packets 50 bytes/);
  });

  it('can be the value that a map has for the sender', () => {
    const { say, k } = marked(
      'map who lpm_trie entries 8\\nentry who 0.0.0.0/0 3\\nif src in who meta found pass\\npass\\n',
    );
    say("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }'");
    say("nft 'add rule ip t c meta mark 3 counter'");
    flood(k);
    expect(say('nft list chain ip t c').out).toMatch(/0x00000003 counter packets 50 bytes/);
  });

  it('goes with the frame to another CPU, and from generic XDP too', () => {
    for (const mode of ['xdp', 'xdpgeneric']) {
      const { say, k } = marked(
        mode === 'xdp'
          ? 'map cpus cpumap entries 8\\nentry cpus 5 512\\nmeta 42\\nredirect cpus 5\\n'
          : 'meta 42 pass\\n',
      );
      if (mode === 'xdpgeneric') {
        say('ip link set dev eth0 xdp off');
        say('ip link set dev eth0 xdpgeneric obj /tmp/xdp_mark.o sec xdp');
      }
      say("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }'");
      say("nft 'add rule ip t c meta mark 42 counter'");
      flood(k);
      expect(say('nft list chain ip t c').out).toMatch(/0x0000002a counter packets 50 bytes/);
    }
  });
});

describe('the bpf filter', () => {
  it('is shown with its program, by tc and by bpftool', () => {
    const { say } = marked('meta 42 pass\\n');
    const shown = say('tc filter show dev eth0 ingress').out.split('\n');
    expect(shown[0]).toBe('filter protocol all pref 49152 bpf chain 0 ');
    expect(shown[1]).toMatch(
      /^filter protocol all pref 49152 bpf chain 0 handle 0x1 tc_mark\.o:\[tc\] direct-action not_in_hw id \d+ name tc_mark tag [0-9a-f]{16} jited $/,
    );
    expect(say('bpftool prog show').out).toMatch(/^\d+: sched_cls {2}name tc_mark {2}tag/m);
    expect(say('bpftool net show').out).toMatch(
      /tc:\neth0\(2\) clsact\/ingress tc_mark\.o:\[tc\] id \d+\n/,
    );
  });

  it('lets its program go when it is deleted, or the discipline with it', () => {
    for (const line of ['tc filter del dev eth0 ingress', 'tc qdisc del dev eth0 clsact']) {
      const { say, k } = marked('meta 42 pass\\n');
      expect(k.bpf.progs.filter((prog) => prog.id > 0).length).toBe(2);
      expect(say(line).status).toBe(0);
      expect(k.bpf.progs.filter((prog) => prog.id > 0).map((prog) => prog.type)).toEqual(['xdp']);
    }
  });

  it('drops for the reason TC_INGRESS, counts in its maps, and refuses programs of XDP', () => {
    const { say, host } = terminal('virtio');
    say('tc qdisc add dev eth0 clsact');
    say(
      "printf 'section classifier\\nmap n array entries 1\\nif dport 7 count n 0 shot\\nunspec\\n' > /tmp/c.o",
    );
    expect(say('tc filter add dev eth0 ingress bpf da obj /tmp/c.o').status).toBe(0);
    flood(host.k, 7);
    expect(dropped(host.k, REASON.TC_INGRESS)).toBe(50);
    expect(counted(host.k, 'n')).toEqual([50]);
    const wrong = say('tc filter add dev eth0 ingress bpf da obj /opt/lab/xdp_pass.o sec xdp');
    expect(wrong).toMatchObject({ status: 1 });
    expect(wrong.err).toContain('Unable to load program\n');
    expect(host.k.skbs.flags.every((flags) => (flags & FLAG_META) === 0)).toBe(true);
  });
});

describe('the words of metadata, marks and IPv6', () => {
  it('are read, or refused with a line, in whatever order they come; and then loaded or refused', () => {
    const word = fc.constantFrom(
      ...['if', 'and', 'not', 'src', 'dst', 'in', 'm', 'proto', 'icmpv6', 'ipv6', 'dport', '9'],
      ...['meta', 'mark', 'found', 'size', 'any', 'else', 'fe80::/10', '::', '10.0.0.0/8', '300'],
      ...['pass', 'drop', 'ok', 'shot', 'unspec', 'section tc\n', 'section xdp\n', '\n', '\n'],
      ...['map m lpm_trie key ipv6 entries 2\n', 'map m hash entries 2\n', 'entry m fe80::/16\n'],
    );
    let loaded = 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), fc.boolean(), (words, ends) => {
        const k = machine('virtio');
        const text = words.join(' ') + (ends ? '\npass' : '\nok');
        try {
          const prog = bpf_prog_load(k, parseProgram(text), 0);
          if (typeof prog !== 'number') return;
          loaded++;
          for (const skb of [0, 1]) runRules(k, k.cpus[0]!, k.bpf.progs[prog]!, skb, 'roomy');
        } catch (trouble) {
          if (!(trouble instanceof SourceTrouble)) throw trouble;
        }
      }),
      { numRuns: 400 },
    );
    expect(loaded).toBeGreaterThan(3);
  });
});
