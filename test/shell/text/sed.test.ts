import { describe, expect, it } from 'vitest';
import { sed } from '../../../src/shell/commands/sed.ts';
import { compareAll } from './compare.ts';
import type { Row } from './compare.ts';
import { isHere } from './real_tools.ts';
import { runTool } from './run_tool.ts';

const lines = 'one\ntwo\nthree\nfour\nfive\n';
const dev = ' eth0: 10 20\n eth1: 11 7\n   lo: 0 0\n';
const files = {
  one: 'one\ntwo\nthree\n',
  two: 'x 1\ny 2\n',
  open: 'no newline',
  script: 's/o/0/\n2d\n# comment\n$a\\\nend\n',
};

const rows: Row[] = [
  ["sed 's/eth0/uplink/'", dev],
  ["sed -n '1,2p'", lines],
  ['sed -n 2,4p', lines],
  ["sed 's/pid [0-9]*/pid N/'", "pid 42's current affinity list: 2,3\n"],
  ['sed -n 3,4p', lines],
  ['sed p', 'a\nb'],
  ['sed -n p', 'a\nb'],
  ["sed 's/o/0/g'", lines],
  ["sed 's/o/0/2'", 'foo boo\n'],
  ["sed 's/o/0/2g'", 'foo boo\n'],
  ["sed -n 's/o/0/p'", lines],
  ["sed 's/O/0/I'", lines],
  ["sed 's/a*/x/g'", 'baaac\n'],
  ["sed 's/b*/x/2'", 'abc\n'],
  ["sed 's/\\(.*\\)-\\(.*\\)/\\2-\\1/'", 'left-right\n'],
  ["sed -E 's/([a-z]+) ([a-z]+)/\\2 \\1/'", 'left right\n'],
  ["sed 's/[^ ]*/(&)/g'", 'a bc d\n'],
  ["sed 's/a/\\&/'", 'a\n'],
  ["sed 's|/|:|g'", '/a/b\n'],
  ["sed 's,a\\,b,X,'", 'a,b\n'],
  ["sed 's/a\\/b/X/'", 'a/b\n'],
  ["sed 's/[/]/X/'", 'a/b\n'],
  ["sed 's/a\\nb/X/;N;s/a\\nb/X/'", 'a\nb\n'],
  ["sed 's/b/\\n/'", 'abc\n'],
  ["sed 's/b/\\t[&]/'", 'abc\n'],
  ["sed 's/b/x\\\ny/'", 'abc\n'],
  ["sed -E 's/(\\w+)/\\u\\1/g'", 'hello big world\n'],
  ["sed -E 's/(\\w)(\\w*)/\\U\\1\\L\\2\\E!/g'", 'hELLO wORLD\n'],
  ["sed 's/.*/\\L\\u&/'", 'HELLO\n'],
  ["sed 's/x/y/;t;s/$/ no/'", 'x\nz\n'],
  ["sed ':a;s/^\\(.\\{1,5\\}\\)$/ \\1/;ta'", 'ab\n'],
  ["sed ':a;N;$!ba;s/\\n/,/g'", lines],
  ["sed '$!N;s/\\n/ /'", lines],
  ["sed -n '$='", lines],
  ["sed '$!d'", lines],
  ["sed '1!G;h;$!d'", lines],
  ["sed -n '1!G;h;$p'", lines],
  ["sed '/two/,/four/d'", lines],
  ["sed '/two/,+1d'", lines],
  ["sed '2,~2d'", lines],
  ["sed '1~2d'", lines],
  ["sed '0~2d'", lines],
  ["sed '2~0d'", lines],
  ["sed '0,/o/d'", lines],
  ["sed '1,/o/d'", lines],
  ["sed '2,1p'", lines],
  ["sed '/four/,2p'", lines],
  ["sed '2q'", lines],
  ["sed '2q5'", lines],
  ["sed '2Q'", lines],
  ["sed -n '/t/{p;=}'", lines],
  ["sed '/t/!d'", lines],
  ["sed '/T/Id'", lines],
  ["sed '2d;4d'", lines],
  ['sed -e 2d -e 4d', lines],
  ["sed 'y/abc/xyz/'", 'aabbcc\n'],
  ["sed 'y/a\\/\\n/b|\\t/'", 'a/a\n'],
  ["sed '2a after'", lines],
  ["sed '2a\\  after'", lines],
  ["sed '2a\\\nafter\\\nmore'", lines],
  ["sed '2i before'", lines],
  ["sed '2c changed'", lines],
  ["sed '2,4c changed'", lines],
  ["sed '2,4!c changed'", lines],
  ["sed '$a end'", 'a'],
  ["sed 'a\\ttext'", 'a\n'],
  ["sed 'a hello\\nworld\\tx'", 'a\n'],
  ["sed -e '1a\\' -e 'text'", 'a\n'],
  ["sed '1r two'", lines],
  ["sed 'R two'", lines],
  ["sed '$r two'", 'a'],
  ["sed 'r nosuch'", 'a\n'],
  ["sed -n 'l'", 'tab\there \\ \x01é\n'],
  ["sed -n 'l 20'", 'a long line that has to be folded somewhere here\n'],
  ['sed -n l', `${'x'.repeat(150)}\n`],
  ["sed -n '/o/{n;p}'", lines],
  ["sed 'n;d'", lines],
  ["sed '$!n;s/e/E/'", lines],
  ["sed 'N;P;D'", lines],
  ["sed '$!{N;D}'", lines],
  ["sed 'x;G'", lines],
  ["sed 'H;$!d;x;s/\\n/;/g'", lines],
  ["sed 'N;N;s/\\n/+/g'", lines],
  ["sed -s -n '$p' one two", ''],
  ["sed -n '$p' one two", ''],
  ['sed -s 1d one two', ''],
  ['sed 1d one two', ''],
  ['sed F one', ''],
  ['sed p nosuch one', ''],
  ['sed -f script one', ''],
  ["sed -n '/x/w out\n$r out' two", ''],
  ['sed -z s/a/b/g', 'a\0a\nb\0'],
  ["sed '/^$/d'", 'a\n\nb\n'],
  ["sed '/^#/d;s/ *#.*//'", '#x\na # b\n'],
  ["sed 's/^[ \\t]*//;s/[ \\t]*$//'", ' \ta b \t\n'],
  ["sed '/a/b end;s/$/!/;:end'", 'a\nb\n'],
  ["sed 's/a/b/w /dev/stdout'", 'a\n'],
  ["sed '/o/{s//0/;s//1/}'", 'foo boo\n'],
  ["sed 's/\\bo/X/g;s/o\\b/Y/g'", 'on to oo\n'],
  ["sed -E 's/^|$/\"/g'", 'ab\n'],
  ["sed 's/\\x41/b/;s/\\o102/c/'", 'AB\n'],
  ["sed -E 's/a|b//2'", 'abab\n'],
  ["sed 'N;s/^b/X/M'", 'a\nb\n'],
  ["sed 'N;s/a$/X/Mg'", 'a\nba\n'],
  ["sed '2{h;d};${G}'", lines],
  ["sed -n '2{p;q}'", lines],
  ["sed '1d;n;n;s/./X/'", lines],
  ["sed '/two/,/nosuch/s/^/>/'", lines],
  ["sed '2,3{/two/d}'", lines],
  ["sed '2,3 {\n/two/ d\n s/t/T/ \n}'", lines],
  ['sed --expression=p --quiet', 'a\n'],
  ['sed -n -e 1p -e 3p', lines],
  ["sed '#n\n1p'", lines],
  ['sed 5d;', lines],
  ["sed 's/a/b/;;p'", 'a\n'],
  ['sed = one', ''],
  ["sed 'T;s/x/y/'", 'x\n'],
  ["sed '1,3{;p;}'", 'a\n'],
  ["sed 'v 4.2\np'", 'a\n'],
  ['sed z', 'a\nb\n'],
  ["sed '$d'", 'a'],
  ["sed 's+a\\+b+X+'", 'a+b aab\n'],
  ["sed 's|a\\|b|X|'", 'a|b\n'],
  ["sed 's.a\\.b.X.'", 'axb a.b\n'],
  ["sed 's/[[:digit:]]\\+/N/g'", 'a12b3\n'],
  ["sed -E 's/(^|,)x/\\1y/g'", 'x,x,ax\n'],
  ["sed 's/.\\{3\\}/&,/g'", '1234567\n'],
  ["sed ':a;s/\\B[0-9]\\{3\\}\\>/,&/;ta'", '1234567\n'],
];

/// Scripts that sed refuses: message and status.
const refused = [
  's/a',
  's/a/b',
  'y/abc/d/',
  'y/a',
  'k',
  'p p',
  '{p',
  'p}',
  'b foo',
  ':',
  '3,p',
  's/a/b/gg',
  's/a/b/0',
  's/a/b/pp',
  's/a/b/x',
  '0p',
  '/a',
  'a',
  'r',
  'w',
  '}',
  's/\\(a/b/',
  's/a/\\1/',
  'q5x',
  '1!!p',
  '//p',
  '+1p',
  '1,2q',
  's/[/x/',
  's/a\\{1/x/',
  '/[[:foo:]]/p',
  's/[:space:]/x/',
  '1,2}',
  's/*a/b/3x',
  'p;p;k',
  '5',
  '1,',
  's/a/b/2 3',
  'h;x;y',
  '1,3:a',
];

describe('sed', () => {
  it.runIf(isHere('sed', /GNU sed/))('prints what GNU sed prints', () => {
    compareAll({ sed }, rows, files);
  });

  it.runIf(isHere('sed', /GNU sed/))('refuses scripts with the words of GNU sed', () => {
    compareAll(
      { sed },
      refused.map((script) => [`sed -n '${script}'`, 'a\nb\n']),
      {},
      true,
    );
  });

  it('edits a file in place and keeps a copy', () => {
    const { files: after, status } = runTool(sed, ['sed', '-i.bak', 's/o/0/', 'one'], {
      files: { '/tmp/one': 'one\n' },
    });
    expect([status, after['/tmp/one'], after['/tmp/one.bak']]).toEqual([0, '0ne\n', 'one\n']);
  });

  it('can be stopped in an endless loop', () => {
    expect(() => runTool(sed, ['sed', ':a;ba'], { stdin: 'x\n', turns: 50 })).toThrow(
      'did not end',
    );
  });

  it('bounds a pattern space that grows for ever', () => {
    const { err, status } = runTool(sed, ['sed', ':a;H;G;ba'], { stdin: 'x\n' });
    expect([status, err]).toEqual([
      4,
      'softnet: the pattern space is limited to 16777216 characters here\n',
    ]);
  });
});
