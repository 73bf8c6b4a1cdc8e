import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boot } from '../../../src/kernel/boot.ts';
import { hosts } from '../../../src/hardware/hosts.ts';
import { checkLedger } from '../../../src/kernel/ledger.ts';
import { advance } from '../../../src/kernel/run.ts';
import { bpf_prog_load, progPut } from '../../../src/kernel/xdp/load.ts';
import { createSession } from '../../../src/shell/shell.ts';
import { parseProgram, SourceTrouble } from '../../../src/shell/bpftool/source.ts';
import { typed } from '../../../tools/typed.ts';

const ms = 1_000_000;

/// A terminal on a host: types lines, gives back what they print.
function terminal(profile: string) {
  const host = { k: boot(hosts[profile]!, 1) };
  const session = createSession(host.k, 'root');
  const say = (line: string) => {
    const got = typed(host, session, line, { columns: null, limit_ns: 60e9 });
    return { out: got.stdout, err: got.stderr, status: got.status };
  };
  return { host, say };
}

const DROP = 'ip link set dev eth0 xdp obj /opt/lab/xdp_drop.o sec xdp';

describe('ip link set … xdp', () => {
  it('attaches a program of an object, and shows it on the first and on a line of its own', () => {
    const { say } = terminal('virtio');
    expect(say(DROP)).toEqual({ out: '', err: '', status: 0 });
    expect(say('ip link show eth0').out).toBe(
      '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 xdp qdisc mq state UP mode DEFAULT group default qlen 1000\n' +
        '    link/ether 52:54:00:12:34:50 brd ff:ff:ff:ff:ff:ff\n' +
        '    prog/xdp id 6 name xdp_drop_prog tag 57cd311f2e27366b jited \n',
    );
    expect(say('ip addr show eth0').out).toContain(' mtu 1500 xdp/id:6 qdisc mq ');
    expect(
      (JSON.parse(say('ip -j link show eth0').out) as { xdp: unknown }[])[0]!.xdp,
    ).toMatchObject({
      mode: 1,
      prog: { id: 6, name: 'xdp_drop_prog', jited: 1 },
    });
  });

  it('takes another program’s place only with -force', () => {
    const { say } = terminal('virtio');
    say(DROP);
    const pass = 'link set dev eth0 xdp obj /opt/lab/xdp_pass.o sec xdp';
    expect(say(`ip ${pass}`)).toEqual({
      ...{ out: '', err: 'Error: XDP program already attached.\n', status: 2 },
    });
    expect(say(`ip -force ${pass}`).status).toBe(0);
    expect(say('ip link show eth0').out).toContain('name xdp_pass_prog tag 3b185187f1855c4c jited');
  });

  it('looks for the section prog when none is named', () => {
    const { say } = terminal('virtio');
    expect(say('ip link set dev eth0 xdp obj /opt/lab/xdp_drop.o')).toEqual({
      ...{ out: '', err: "object file doesn't contain sec prog\n", status: 255 },
    });
  });

  it('loads rules that the reader wrote, and says what is wrong with them', () => {
    const { say, host } = terminal('virtio');
    say("printf 'program mine\\nif dport 9 drop\\npass\\n' > /tmp/mine.xdp");
    expect(say('ip link set dev eth0 xdp obj /tmp/mine.xdp sec xdp').status).toBe(0);
    expect(host.k.bpf.progs[0]?.name).toBe('mine');
    say("printf 'program bad\\nif dport 9 drop\\n' > /tmp/bad.xdp");
    const { err, status } = say('ip link set dev eth0 xdp obj /tmp/bad.xdp sec xdp');
    expect(status).toBe(255);
    expect(err.split('\n')).toEqual([
      "libbpf: prog 'bad': BPF program load failed: Invalid argument",
      "libbpf: prog 'bad': -- BEGIN PROG LOAD LOG --",
      'the last rule does not decide about every frame',
      '-- END PROG LOAD LOG --',
      "libbpf: prog 'bad': failed to load: -22",
      "libbpf: failed to load object '/tmp/bad.xdp'",
      '',
    ]);
    say("echo 'if teapot drop' > /tmp/worse.xdp");
    expect(say('ip link set dev eth0 xdp obj /tmp/worse.xdp sec xdp').err).toBe(
      'softnet: /tmp/worse.xdp:1: nothing to match by the name teapot\n',
    );
  });

  it('has no native mode on e1000e, warns of LRO on vmxnet3, and keeps igb’s MTU small', () => {
    const mixed = terminal('mixed');
    expect(mixed.say(DROP.replace('eth0 xdp', 'eth1 xdpdrv')).err).toBe(
      'Error: Underlying driver does not support XDP in native mode.\n',
    );
    expect(mixed.say(DROP.replace('eth0 xdp', 'eth0 xdpdrv'))).toEqual({
      ...{ out: '', err: 'Warning: vmxnet3: LRO is not supported with XDP.\n', status: 0 },
    });
    mixed.say('ethtool -K eth0 lro on');
    expect(mixed.say('ethtool -k eth0 | grep large').out).toContain('off [requested on]');
    const virtio = terminal('virtio');
    virtio.say(DROP);
    virtio.say('ethtool -K eth0 rx-gro-hw off');
    expect(virtio.say('ethtool -k eth0 | grep gro-hw').out).toContain(
      'rx-gro-hw: on [requested off]',
    );
    const igb = terminal('igb');
    igb.say(DROP);
    expect(igb.say('ip link set eth0 mtu 4000').err).toBe('RTNETLINK answers: Invalid argument\n');
    expect(igb.say('dmesg | tail -1').out).toContain(
      'eth0: Requested MTU size is not supported with XDP. Max frame size is 4026\n',
    );
  });
});

describe('bpftool', () => {
  it('shows programs, maps and what is attached', () => {
    const { say, host } = terminal('virtio');
    say('ip link set dev eth0 xdpgeneric obj /opt/lab/xdp_dropudp.o sec xdp');
    say('traffic start udp --dev eth0 --rate 100k --count 250 --for 100ms');
    advance(host.k, host.k.now + 100 * ms);
    checkLedger(host.k);
    const prog = say('bpftool prog show').out.split('\n');
    expect(prog[0]).toBe('6: xdp  name xdp_udp  tag 158e79909004b26a  gpl');
    expect(prog[2]).toBe('\txlated 248B  jited 161B  memlock 4096B  map_ids 1');
    expect(say('bpftool map show').out).toBe(
      '1: array  name drops  flags 0x0\n\tkey 4B  value 8B  max_entries 1  memlock 272B\n\tbtf_id 1\n',
    );
    expect(say('bpftool map dump name drops').out).toBe(
      '[{\n        "key": 0,\n        "value": 250\n    }\n]\n',
    );
    expect(say('bpftool net').out).toContain('xdp:\neth0(2) generic id 6\n');
  });

  it('shows how long programs run once the kernel is asked to measure', () => {
    const { say, host } = terminal('virtio');
    say(DROP);
    say('traffic start udp --dev eth0 --rate 100k --count 100');
    advance(host.k, host.k.now + 10 * ms);
    expect(say('bpftool prog show').out).not.toContain('run_cnt');
    say('sysctl -w kernel.bpf_stats_enabled=1');
    say('traffic start udp --dev eth0 --rate 100k --count 100');
    advance(host.k, host.k.now + 10 * ms);
    expect(say('bpftool prog show').out).toContain('  gpl run_time_ns 1400 run_cnt 100\n');
  });

  it('prints no sizes of a program whose rules were not made of byte code', () => {
    const { say } = terminal('virtio');
    say('ip link set dev eth0 xdp obj /opt/lab/firewall.xdp sec xdp');
    expect(say('bpftool prog show').out.split('\n')[2]).toBe('\tmemlock 4096B  map_ids 1,2');
  });

  it('changes a trie of addresses while the program runs', () => {
    const { say } = terminal('virtio');
    say('ip link set dev eth0 xdp obj /opt/lab/firewall.xdp sec xdp');
    const key = 'key 32 0 0 0 10 0 0 1';
    expect(say(`bpftool map update name blocked ${key} value 1 0 0 0 0 0 0 0`).status).toBe(0);
    expect(say(`bpftool map lookup name blocked ${key}`).out).toContain('"prefixlen": 32');
    expect(say(`bpftool map update name blocked ${key} value 1 0 0 0 0 0 0 0 noexist`).err).toBe(
      'Error: update failed: File exists\n',
    );
    expect(say(`bpftool map delete name blocked ${key}`).status).toBe(0);
    expect(say(`bpftool map delete name blocked ${key}`).err).toBe(
      'Error: delete failed: No such file or directory\n',
    );
  });

  it('prints a map without types as bytes', () => {
    const { say } = terminal('virtio');
    say("printf 'map c cpumap entries 2\\nentry c 1 192\\nredirect c 1\\n' > /tmp/c.xdp");
    say('ip link set dev eth0 xdp obj /tmp/c.xdp sec xdp');
    expect(say('bpftool map dump name c').out).toBe(
      'key: 00 00 00 00  value: <no entry>\nkey: 01 00 00 00  value: c0 00 00 00\nFound 1 element\n',
    );
    expect(say('ps -e | grep -c cpumap/1').out).toBe('1\n');
  });

  it('moves a program to a second device by its id', () => {
    const { say } = terminal('virtio');
    say(DROP);
    expect(say('bpftool net attach xdpdrv id 6 dev eth1').status).toBe(0);
    say('ip link set dev eth0 xdp off');
    expect(say('bpftool net show').out).toContain('xdp:\neth1(3) driver id 6\n');
    expect(say('bpftool net detach xdp dev eth1').status).toBe(0);
    expect(say('bpftool prog show').out).toBe('');
  });
});

describe('xdpsock', () => {
  it('counts the frames of its queue, a table a second', () => {
    const { say, host } = terminal('laptop');
    say('traffic start udp --dev eth0 --rate 20k --for 10s');
    const { out, status } = say('xdpsock -r -p -N -x -i eth0 -d 2');
    checkLedger(host.k);
    expect(status).toBe(0);
    expect(out).toContain(' sock0@eth0:0 rxdrop xdp-drv poll() \n');
    expect(out).toMatch(/rx {17}20000 {10}40000 +\n/);
    expect(host.k.devs[1]!.xdp).toBe(null);
    expect(host.k.bpf.progs[0]!.id).toBe(0);
  });
});

describe('the text form of a program', () => {
  const wrong = (text: string): string => {
    try {
      parseProgram(text);
      return 'right';
    } catch (trouble) {
      if (trouble instanceof SourceTrouble) return `${trouble.line}: ${trouble.message}`;
      throw trouble;
    }
  };

  it('is read, or refused with a line, whatever the words are; and then loaded or refused', () => {
    const word = fc.constantFrom(
      ...[
        'if',
        'and',
        'not',
        'src',
        'dst',
        'dport',
        'proto',
        'udp',
        'in',
        'm',
        'rate',
        'over',
        '9',
      ],
      ...['burst', 'count', 'drop', 'pass', 'tx', 'redirect', 'goto', 'l:', 'l', 'else', 'queue'],
      ...[
        'map',
        'entry',
        'hash',
        'lpm_trie',
        'cpumap',
        'entries',
        '10.0.0.0/8',
        '0',
        '70000',
        '-1',
      ],
    );
    const source = fc
      .array(fc.array(word, { minLength: 1, maxLength: 8 }), { maxLength: 6 })
      .map(
        (lines) => `map m array entries 4\n${lines.map((one) => one.join(' ')).join('\n')}\npass`,
      );
    const k = boot(hosts['laptop']!, 1);
    let loaded = 0;
    fc.assert(
      fc.property(source, (text) => {
        if (wrong(text) !== 'right') return;
        const prog = bpf_prog_load(k, parseProgram(text), 0);
        if (typeof prog !== 'number') return;
        loaded++;
        progPut(k, prog);
      }),
      { numRuns: 2000, seed: 5 },
    );
    expect(loaded).toBeGreaterThan(20);
    expect(k.bpf.maps.every((map) => map.id === 0)).toBe(true);
  });

  it('says which line is wrong, and why', () => {
    expect(wrong('# nothing but a comment\n\npass # all of it')).toBe('right');
    expect(wrong('pass\nmap m teapot entries 1')).toBe('2: no map type teapot');
    expect(wrong('map m array')).toBe('1: entries N expected');
    expect(wrong('if src 10.0.0.300 drop')).toBe('1: 10.0.0.300 is not an IPv4 address');
    expect(wrong('if src 10.0.0.0/33 drop')).toBe('1: 33 is no prefix length');
    expect(wrong('if dport nine drop')).toBe('1: nine is not a number or a range');
    expect(wrong('if dport 9 explode')).toBe('1: no verdict explode');
    expect(wrong('if dport 9 drop now')).toBe('1: unexpected now');
    expect(wrong('if rate under 5 drop')).toBe('1: rate over N expected');
    expect(wrong('map m hash entries 2\nentry m 10.0.0.0/8')).toBe('2: m has no prefixes');
  });
});
