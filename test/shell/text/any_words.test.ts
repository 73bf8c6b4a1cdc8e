import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awk } from '../../../src/shell/commands/awk.ts';
import { basename } from '../../../src/shell/commands/basename.ts';
import { cat } from '../../../src/shell/commands/cat.ts';
import { cmp } from '../../../src/shell/commands/cmp.ts';
import { column } from '../../../src/shell/commands/column.ts';
import { comm } from '../../../src/shell/commands/comm.ts';
import { cp, mv } from '../../../src/shell/commands/cp.ts';
import { cut } from '../../../src/shell/commands/cut.ts';
import { diff } from '../../../src/shell/commands/diff.ts';
import { dirname } from '../../../src/shell/commands/dirname.ts';
import { expr } from '../../../src/shell/commands/expr.ts';
import { find } from '../../../src/shell/commands/find.ts';
import { fold } from '../../../src/shell/commands/fold.ts';
import { grep } from '../../../src/shell/commands/grep.ts';
import { head } from '../../../src/shell/commands/head.ts';
import { less } from '../../../src/shell/commands/less.ts';
import { ls } from '../../../src/shell/commands/ls.ts';
import { mkdir, rmdir } from '../../../src/shell/commands/mkdir.ts';
import { nl } from '../../../src/shell/commands/nl.ts';
import { od } from '../../../src/shell/commands/od.ts';
import { paste } from '../../../src/shell/commands/paste.ts';
import { readlink, realpath } from '../../../src/shell/commands/readlink.ts';
import { rev } from '../../../src/shell/commands/rev.ts';
import { rm } from '../../../src/shell/commands/rm.ts';
import { sed } from '../../../src/shell/commands/sed.ts';
import { sort } from '../../../src/shell/commands/sort.ts';
import { stat } from '../../../src/shell/commands/stat.ts';
import { tac } from '../../../src/shell/commands/tac.ts';
import { tail } from '../../../src/shell/commands/tail.ts';
import { tee } from '../../../src/shell/commands/tee.ts';
import { touch } from '../../../src/shell/commands/touch.ts';
import { tr } from '../../../src/shell/commands/tr.ts';
import { uniq } from '../../../src/shell/commands/uniq.ts';
import { wc } from '../../../src/shell/commands/wc.ts';
import { xxd } from '../../../src/shell/commands/xxd.ts';
import { bootHost, runTool } from './run_tool.ts';

const tools = [
  ...[
    awk,
    basename,
    cat,
    cmp,
    column,
    comm,
    cp,
    mv,
    cut,
    diff,
    dirname,
    expr,
    find,
    fold,
    grep,
    head,
    less,
    ls,
  ],
  ...[
    mkdir,
    rmdir,
    nl,
    od,
    paste,
    readlink,
    realpath,
    rev,
    rm,
    sed,
    sort,
    stat,
    tac,
    tail,
    tee,
    touch,
    tr,
    uniq,
    wc,
    xxd,
  ],
];

const letters = '{}()[]$/\\.*+?^|,;:=~!<>&-#"\'%@ \n\tabcdgnpsqwxyNDGHPTFR0123456789é😀'.split(
  /(?:)/u,
);
const scrap = fc
  .array(fc.constantFrom(...letters), { maxLength: 12 })
  .map((chars) => chars.join(''));
const option = fc
  .tuple(
    fc.constantFrom('-', '--'),
    fc.array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHLNPRSTVX0123=:'), {
      maxLength: 4,
    }),
  )
  .map(([dash, chars]) => dash + chars.join(''));
const code = fc
  .array(
    fc.constantFrom(
      'BEGIN',
      'END',
      '{',
      '}',
      'print',
      'printf',
      '"%d %s"',
      '$1',
      'NF',
      'x',
      'x[1]',
      'for(i in x)',
      'if(1)',
      'while(0)',
      'getline',
      '<',
      '|',
      '"f"',
      '/a/',
      '~',
      '(',
      ')',
      ',',
      ';',
      '\n',
      '+',
      '++',
      '-',
      'split(',
      'gsub(',
      'substr(',
      'function f(a)',
      'f(',
      'return',
      'next',
      'exit',
      'delete x',
      '?',
      ':',
      'in',
      '^',
      '1',
      '""',
      's/a/b/',
      '$!N',
      'D',
      'y/a/b/',
      'a\\',
      'b e',
      ':e',
      '/x/,$',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(' '));
const word = fc.oneof(
  scrap,
  option,
  code,
  fc.constantFrom(
    '-',
    '--',
    'f',
    'nosuch',
    '/tmp',
    '/sys/class/net/eth0/mtu',
    '/proc/net/dev',
    '/proc',
    '/',
    '..',
    '',
    '-n',
    '-e',
    '1',
    '+1',
    '10M',
    '9999999999999',
  ),
);

describe('any words on the command line', () => {
  it('are answered with a status, not with an exception, and never for ever', () => {
    let k = bootHost();
    let runs = 0;
    const check = (index: number, words: readonly string[], stdin: string): void => {
      const command = tools[index] as (typeof tools)[number];
      if (++runs % 200 === 0) k = bootHost();
      const { status } = runTool(command, [command.name, ...words], {
        k,
        stdin,
        files: { '/tmp/f': 'a b\nc\n' },
        turns: 400,
        endless: true,
      });
      expect(Number.isInteger(status)).toBe(true);
    };
    fc.assert(
      fc.property(fc.nat(tools.length - 1), fc.array(word, { maxLength: 5 }), scrap, check),
      { seed: 11, numRuns: Number(process.env['FUZZ_RUNS'] ?? 600) },
    );
  });
});
