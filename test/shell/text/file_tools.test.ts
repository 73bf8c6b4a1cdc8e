import { describe, expect, it } from 'vitest';
import { basename } from '../../../src/shell/commands/basename.ts';
import { cmp } from '../../../src/shell/commands/cmp.ts';
import { column } from '../../../src/shell/commands/column.ts';
import { comm } from '../../../src/shell/commands/comm.ts';
import { cp, mv } from '../../../src/shell/commands/cp.ts';
import { diff } from '../../../src/shell/commands/diff.ts';
import { dirname } from '../../../src/shell/commands/dirname.ts';
import { expr } from '../../../src/shell/commands/expr.ts';
import { find } from '../../../src/shell/commands/find.ts';
import { fold } from '../../../src/shell/commands/fold.ts';
import { ls } from '../../../src/shell/commands/ls.ts';
import { mkdir, rmdir } from '../../../src/shell/commands/mkdir.ts';
import { nl } from '../../../src/shell/commands/nl.ts';
import { od } from '../../../src/shell/commands/od.ts';
import { paste } from '../../../src/shell/commands/paste.ts';
import { rm } from '../../../src/shell/commands/rm.ts';
import { stat } from '../../../src/shell/commands/stat.ts';
import { touch } from '../../../src/shell/commands/touch.ts';
import { xxd } from '../../../src/shell/commands/xxd.ts';
import { compareAll } from './compare.ts';
import type { Row } from './compare.ts';
import { isHere } from './real_tools.ts';
import { runTool } from './run_tool.ts';

const files = {
  one: 'aa b ccc\nd eeee f\n',
  two: 'ab\ncd\n',
  abc: 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n',
  abx: 'a\nB\nc\nd\ne\nf\ng\ni\nj\nk\n',
  open: 'a\nb',
};
const softnet = '00000000 00000000 00000001\n0000109b 00000000 00000008\n';

const rows: Row[] = [
  ['paste one two', ''],
  ['paste -d, one two abc', ''],
  ['paste -s one two', ''],
  ['paste -sd+ -', '1\n2\n3\n'],
  ['paste - -', '1\n2\n3\n'],
  ["paste -d ',:' one two abc", ''],
  ["paste -d '\\n' one two", ''],
  ['paste one nosuch', ''],
  ["nl -v0 -w1 '-s '", softnet],
  ['nl', 'a\n\nb\n'],
  ['nl -ba -w3 -s: -v5 -i2', 'a\n\nb\n'],
  ['nl -nrz -w4', 'a\nb\n'],
  ['nl -nln', 'a\nb\n'],
  ['nl -bpb', 'a\nb\n'],
  ['column -t', softnet],
  ['column -t one', ''],
  ['column -t -s:', 'a:b::c\nlong:x:y\n'],
  ["column -t -s: -o '|'", 'a:b::c\nlong:x:y\n'],
  ['column -t -R 2', 'a b\nc ddd e\n'],
  ['column -t -N X,Y,Z', 'a b\nc d e\n'],
  ['column -t', ' a  b \n\n c\td'],
  ['column', '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n'],
  ['column -c 40', '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\nlonger text\n'],
  ['column -x -c 40', '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n'],
  ['basename /sys/class/net/eth0', ''],
  ['basename a/b.txt .txt', ''],
  ['basename -a x/y z/', ''],
  ['basename -s .c a.c b.c', ''],
  ['basename /', ''],
  ['basename a b c', ''],
  ['dirname /sys/class/net/eth0 a a/b// / //x', ''],
  ['od -c', '4096\t131072\t6291456\n'],
  ['od one', ''],
  ['od -A d -t x1 one', ''],
  ['od -An -tx1 one', ''],
  ['od -x one', ''],
  ['od -t u4 -N 8 one', ''],
  ['od -t d2 -j 2 one', ''],
  ['od -b one', ''],
  ['od -t x1z one', ''],
  ['od -t x1 -t c one', ''],
  ['od -t x2 -t o1 one', ''],
  ['od -a one', ''],
  ['od -c', 'x'.repeat(70)],
  ['od -v -c', 'x'.repeat(40)],
  ['od -w8 -tx1 one', ''],
  ['od -c', 'é\x7f\x01\n'],
  ['xxd one', ''],
  ['xxd -p one', ''],
  ['xxd -r -p', '48656c6c6f0a'],
  ['xxd -r -p', '00000000 0000004b 7e\n'],
  ['xxd -r', '00000000: 6161 2062 0a                             aa b.\n'],
  ['xxd -l 4 -s 2 one', ''],
  ['xxd -c 8 -g 1 one', ''],
  ['xxd -b one', ''],
  ['xxd -u one', ''],
  ['xxd -i one', ''],
  ['fold -w 5 one', ''],
  ['fold -s -w 6 one', ''],
  ['fold -3', 'abcdefg\n'],
  ['comm abc abx', ''],
  ['comm -12 abc open', ''],
  ['comm -3 abc open', ''],
  ['cmp one two', ''],
  ['cmp one one', ''],
  ['cmp -s one two', ''],
  ['cmp -l one two', ''],
  ['diff two one', ''],
  ['diff abc abx', ''],
  ['diff -q abc abx', ''],
  ['diff -s abc abc', ''],
  ['diff abc open', ''],
  ['diff open two', ''],
  ['diff -U1 -L a -L b abc abx', ''],
  ['diff -u -L a -L b abc abx', ''],
  ['diff -u -L a -L b abc open', ''],
  ['diff -i abc abx', ''],
  ['diff -w - two', ' a b\nc  d\n'],
  ['diff abc nosuch', ''],
  ['diff - abc', 'a\nb\nb\nc\nd\ne\nf\ng\nh\nh\ni\nj\n'],
  ['diff -u -L a -L b - abc', 'a\nb\nb\nc\nd\ne\nf\ng\nh\nh\ni\nj\n'],
  ['diff -U1 -L a -L b - abc', 'a\nb\nb\nx\nc\ne\nf\nf\ng\nh\nh\nh\ni\nj\n'],
  ['diff - abc', ''],
  ['expr 1 + 2', ''],
  ["expr 5 '*' 3 - 1", ''],
  ["expr abc : 'a\\(.\\)'", ''],
  ["expr abcd : '.*'", ''],
  ["expr 1 '<' 2", ''],
  ["expr 10 '<' 9", ''],
  ['expr length hello', ''],
  ['expr substr hello 2 3', ''],
  ['expr index hello l', ''],
  ['expr 1 / 0', ''],
  ["expr '(' 1 + 2 ')' '*' 3", ''],
  ["expr 0 '|' 5", ''],
  ["expr 1 '&' 0", ''],
  ['expr a = a', ''],
  ['expr a +', ''],
  ['expr 7 % 3', ''],
  ['expr -5 / 2', ''],
  ['expr 1 2', ''],
  ['expr a + 1', ''],
  ['expr 99999999999999999999 + 1', ''],
  ['ls', ''],
  ['ls -1 one two', ''],
  ['ls -d .', ''],
  ['ls nosuch one', ''],
  ['ls -r', ''],
  ['ls -S', ''],
  ['ls -C -w 20', ''],
  ['ls -x -w 20', ''],
  ['ls -m -w 20', ''],
  ['ls -F one', ''],
  ["find . -maxdepth 1 -name 'a?c'", ''],
  ['find . -type f -name one -o -name two', ''],
  ["find one two -printf '%f %s %d\\n'", ''],
  ["find . ! -name 'a*' -name 'o*' -name '*e'", ''],
  ['find nosuch', ''],
  ['find -foo', ''],
  ["stat -c '%n %s %a %A %F' one", ''],
];

const all = {
  basename,
  cmp,
  column,
  comm,
  diff,
  dirname,
  expr,
  find,
  fold,
  ls,
  nl,
  od,
  paste,
  stat,
  xxd,
};

describe('tools for files', () => {
  const tools =
    ['paste', 'diff', 'od', 'find'].every((tool) => isHere(tool, /GNU/)) &&
    isHere('column', /util-linux/);

  it.runIf(tools)('print what the real tools print', () => compareAll(all, rows, files));

  it('makes, moves, copies and removes files', () => {
    let own: Readonly<Record<string, string>> = { '/tmp/a': 'x\n' };
    const step = (command: Parameters<typeof runTool>[0], typed: string): string => {
      const outcome = runTool(command, typed.split(' '), { files: own });
      own = outcome.files;
      return outcome.err + outcome.status;
    };
    expect(step(mkdir, 'mkdir d/e')).toBe(
      "mkdir: cannot create directory 'd/e': No such file or directory\n1",
    );
    expect(step(mkdir, 'mkdir -p d/e')).toBe('0');
    expect(step(cp, 'cp a d/e')).toBe('0');
    expect(step(cp, 'cp d x')).toBe("cp: -r not specified; omitting directory 'd'\n1");
    expect(step(cp, 'cp -r d x')).toBe('0');
    expect(step(mv, 'mv a b')).toBe('0');
    expect(step(touch, 'touch d/new nosuch/x')).toBe(
      "touch: cannot touch 'nosuch/x': No such file or directory\n1",
    );
    expect(step(rm, 'rm d')).toBe("rm: cannot remove 'd': Is a directory\n1");
    expect(step(rmdir, 'rmdir d')).toBe("rmdir: failed to remove 'd': Directory not empty\n1");
    expect(step(rm, 'rm -r d')).toBe('0');
    expect(step(rm, 'rm a')).toBe("rm: cannot remove 'a': No such file or directory\n1");
    expect(Object.keys(own).sort()).toEqual(['/tmp/b', '/tmp/x/', '/tmp/x/e/', '/tmp/x/e/a']);
  });
});
