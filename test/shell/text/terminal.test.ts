import { describe, expect, it } from 'vitest';
import { awk } from '../../../src/shell/commands/awk.ts';
import { cat } from '../../../src/shell/commands/cat.ts';
import { grep } from '../../../src/shell/commands/grep.ts';
import { head } from '../../../src/shell/commands/head.ts';
import { ls } from '../../../src/shell/commands/ls.ts';
import { sed } from '../../../src/shell/commands/sed.ts';
import { sort } from '../../../src/shell/commands/sort.ts';
import { tail } from '../../../src/shell/commands/tail.ts';
import { tee } from '../../../src/shell/commands/tee.ts';
import { uniq } from '../../../src/shell/commands/uniq.ts';
import { wc } from '../../../src/shell/commands/wc.ts';
import type { Command, Line } from '../../../src/shell/command.ts';
import { inputOfLines } from '../../../src/shell/stream.ts';
import { runTool } from './run_tool.ts';

const marked: readonly Line[] = [
  { text: 'rx: 12', nl: true, marks: [{ start: 4, end: 6, ref: 'counter:rx_packets@eth0' }] },
  { text: 'tx: 3', nl: true, marks: [{ start: 4, end: 5, ref: 'counter:tx_packets@eth0' }] },
];

describe('text on a terminal', () => {
  it('is laid out in columns as the recorded ls does', () => {
    const names =
      'addr_assign_type addr_len address broadcast carrier carrier_changes carrier_down_count carrier_up_count dev_id dev_port device dormant duplex flags gro_flush_timeout ifalias ifindex iflink link_mode mtu name_assign_type napi_defer_hard_irqs netdev_group operstate phys_port_id phys_port_name phys_switch_id power proto_down queues speed statistics subsystem testing threaded tx_queue_len type uevent';
    const files = Object.fromEntries(names.split(' ').map((name) => [`/tmp/d/${name}`, '']));
    const { out } = runTool(ls, ['ls', 'd'], { files, columns: 80 });
    expect(out.split('\n').slice(0, 3)).toEqual([
      'addr_assign_type    device\t       name_assign_type      speed',
      'addr_len\t    dormant\t       napi_defer_hard_irqs  statistics',
      'address\t\t    duplex\t       netdev_group\t     subsystem',
    ]);
  });

  it('has colours only where grep and ls are asked for them', () => {
    const files = { '/tmp/q/rx-0/x': '', '/tmp/q/rx-1/x': '', '/tmp/f': 'eth0 up\n' };
    expect(runTool(ls, ['ls', '--color=auto', 'q'], { files, columns: 80 }).out).toBe(
      '\x1b[0m\x1b[01;34mrx-0\x1b[0m  \x1b[01;34mrx-1\x1b[0m\n',
    );
    expect(runTool(ls, ['ls', '--color=auto', 'q'], { files }).out).toBe('rx-0\nrx-1\n');
    expect(runTool(grep, ['grep', '--color=auto', 'eth0', 'f'], { files, columns: 80 }).out).toBe(
      '\x1b[01;31m\x1b[Keth0\x1b[m\x1b[K up\n',
    );
    expect(runTool(grep, ['grep', '--color=auto', 'eth0', 'f'], { files }).out).toBe('eth0 up\n');
  });

  it('counts with columns of seven where standard input is a pipe', () => {
    expect(runTool(wc, ['wc'], { stdin: 'a b\n', pipe: true }).out).toBe(
      '      1       2       4\n',
    );
    expect(runTool(wc, ['wc', '-l'], { stdin: 'a b\n', pipe: true }).out).toBe('1\n');
  });

  it.each<[Command, string, number]>([
    [cat, 'cat', 4],
    [cat, 'cat -n', 11],
    [grep, 'grep rx', 4],
    [grep, 'grep -n rx', 6],
    [grep, 'grep -o [0-9]*', 0],
    [head, 'head -1', 4],
    [tail, 'tail -n +1', 4],
    [sort, 'sort', 4],
    [uniq, 'uniq -c', 12],
    [tee, 'tee', 4],
    [sed, 'sed -n 1,2p', 4],
  ])('keeps the mark of a number through %# %s', (command, typed, start) => {
    const input = inputOfLines(marked);
    const { marks } = runTool(command, typed.split(' '), { input });
    expect(marks[0]).toMatchObject({ start, ref: 'counter:rx_packets@eth0' });
  });

  it('gives one write to each file of the kernel and none too many to others', () => {
    const { files } = runTool(tee, ['tee', 'a', '-a', 'b'], {
      stdin: 'x\ny\n',
      files: { '/tmp/b': 'old\n' },
    });
    expect([files['/tmp/a'], files['/tmp/b']]).toEqual(['x\ny\n', 'old\nx\ny\n']);
  });

  it('follows a file that grows in virtual time', () => {
    const files = { '/tmp/log': 'one\n' };
    const { out } = runTool(tail, ['tail', '-f', 'log'], {
      files,
      turns: 4,
      endless: true,
      onSleep: (own) => void (own['/tmp/log'] += 'more\n'),
    });
    expect(out).toBe('one\nmore\nmore\nmore\n');
  });

  it('reads commands and writes to commands in awk', () => {
    const { out } = runTool(
      awk,
      ['awk', 'BEGIN { "date" | getline d; print d; print "b\\na" | "sort"; print system("x") }'],
      {
        *exec(argv, change) {
          if (argv[2] === 'date') yield* change?.out?.write('today\n') ?? [];
          if (argv[2] === 'sort') yield* change?.in?.all() ?? [];
          return argv[2] === 'x' ? 3 : 0;
        },
      },
    );
    expect(out).toBe('today\n3\n');
  });
});

describe('a wrong command line', () => {
  it.each<[Command, string, number, string]>([
    [cat, 'cat -y', 1, "cat: invalid option -- 'y'\nTry 'cat --help' for more information.\n"],
    [ls, 'ls -y', 2, "ls: invalid option -- 'y'\nTry 'ls --help' for more information.\n"],
    [ls, 'ls nosuch', 2, "ls: cannot access 'nosuch': No such file or directory\n"],
    [
      grep,
      'grep -k a',
      2,
      "grep: invalid option -- 'k'\nUsage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n",
    ],
    [
      grep,
      'grep --co a',
      2,
      "grep: option '--co' is ambiguous; possibilities: '--context' '--color' '--colour' '--count'\nUsage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n",
    ],
    [grep, 'grep -E (', 2, 'grep: Unmatched ( or \\(\n'],
    [grep, 'grep a /tmp', 2, 'grep: /tmp: Is a directory\n'],
    [grep, 'grep -A x a', 2, 'grep: x: invalid context length argument\n'],
    [sort, 'sort -k 0', 2, "sort: field number is zero: invalid field specification '0'\n"],
    [head, 'head -n x', 1, "head: invalid number of lines: 'x'\n"],
    [head, 'head nosuch', 1, "head: cannot open 'nosuch' for reading: No such file or directory\n"],
    [tail, 'tail -n x', 1, "tail: invalid number of lines: 'x'\n"],
    [uniq, 'uniq -f x', 1, 'uniq: x: invalid number of fields to skip\n'],
    [cat, 'cat nosuch', 1, 'cat: nosuch: No such file or directory\n'],
    [cat, 'cat /tmp', 1, 'cat: /tmp: Is a directory\n'],
    [awk, 'awk BEGIN{print $(-1)}', 2, 'awk: cmd. line:1: fatal: attempt to access field -1\n'],
    [
      awk,
      'awk BEGIN{print',
      1,
      'awk: cmd. line:1: BEGIN{print\nawk: cmd. line:1:            ^ unexpected newline or end of string\n',
    ],
    [
      awk,
      'awk {} nosuch',
      2,
      "awk: fatal: cannot open file `nosuch' for reading: No such file or directory\n",
    ],
  ])('%# is answered as the real tool answers: %s', (command, typed, status, err) => {
    const words = typed.startsWith('awk BEGIN{print $')
      ? ['awk', typed.slice(4)]
      : typed.split(' ');
    expect(runTool(command, words)).toMatchObject({ status, err });
  });

  it('says so where an option is not modelled', () => {
    expect(runTool(sort, ['sort', '-R'])).toMatchObject({
      status: 2,
      err: 'softnet: not modelled here: sort -R\n',
    });
    expect(runTool(ls, ['ls', '-lt'])).toMatchObject({
      status: 2,
      err: 'softnet: not modelled here: ls -t\n',
    });
    expect(runTool(sed, ['sed', 'e date'])).toMatchObject({
      status: 1,
      err: 'softnet: not modelled here: sed the e command\n',
    });
  });
});
