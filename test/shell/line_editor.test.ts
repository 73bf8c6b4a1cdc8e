/// The line editor, key by key. In the notation `|` is the cursor.
import { describe, expect, it } from 'vitest';
import { columnsOf, drawEditor, nothingDrawn } from '../../src/shell/line_drawing.ts';
import { applyCompletions, emptyEditor, keysOf, press } from '../../src/shell/line_editor.ts';
import type { Editor, Order } from '../../src/shell/line_editor.ts';

const history = ['ethtool -g eth0', 'ls /sys', 'ethtool -G eth0 rx 4096'];

function typed(data: string, from: Editor = emptyEditor): { editor: Editor; orders: Order[] } {
  let editor = from;
  const orders: Order[] = [];
  for (const key of keysOf(data)) {
    const pressed = press(editor, key, history);
    editor = pressed.editor;
    if (pressed.order.kind !== 'none') orders.push(pressed.order);
  }
  return { editor, orders };
}

const shown = (e: Editor): string => e.text.slice(0, e.cursor) + '|' + e.text.slice(e.cursor);

describe('editing keys', () => {
  it.each([
    ['abc', 'abc|'],
    ['abc\x7f', 'ab|'],
    ['abc\x1b[D\x1b[DX', 'aX|bc'],
    ['abc\x01X\x05Y', 'Xabc|'.replace('c|', 'cY|')],
    ['abc\x1b[H\x1b[3~', '|bc'],
    ['abc\x1bOH\x1b[C\x0b', 'a|'],
    ['one two\x15', '|'],
    ['one two  \x17', 'one |'],
    ['one two\x17\x19\x19', 'one twotwo|'],
    ['one two\x1bb\x1b[1;5D', '|one two'],
    ['one two\x01\x1bf', 'one| two'],
    ['a😀b\x1b[D\x7f', 'a|b'],
    ['ab\x04', 'ab|'],
    ['ab\x01\x04', '|b'],
  ])('%j gives %j', (data, expected) => {
    expect(shown(typed(data).editor)).toBe(expected);
  });

  it('rings the bell where nothing can be done', () => {
    expect(typed('\x7f').orders).toEqual([{ kind: 'bell' }]);
    expect(typed('\x1b[B').orders).toEqual([{ kind: 'bell' }]);
  });
});

describe('Enter', () => {
  it('runs a whole command', () => {
    expect(typed('ls\r')).toEqual({ editor: emptyEditor, orders: [{ kind: 'run', line: 'ls' }] });
  });

  it.each([
    'for i in 1 2; do',
    'echo "abc',
    'a |',
    'a &&',
    'f() {',
    'cat <<E',
    'echo a\\',
    'if true',
    'case x in',
  ])('asks for more after %j', (line) => {
    const { editor, orders } = typed(line + '\r');
    expect(orders).toEqual([{ kind: 'more' }]);
    expect(editor.above).toBe(line + '\n');
  });

  it('runs what is wrong, so that the shell can say so', () => {
    expect(typed('echo )\r').orders).toEqual([{ kind: 'run', line: 'echo )' }]);
  });

  it('gathers the lines of a here-document', () => {
    const { orders } = typed('cat <<E\rtext\rE\r');
    expect(orders.at(-1)).toEqual({ kind: 'run', line: 'cat <<E\ntext\nE' });
  });
});

describe('control keys', () => {
  it('Ctrl-C drops the line, Ctrl-D ends an empty one, Ctrl-L clears', () => {
    expect(typed('for i in 1; do\recho\x03')).toEqual({
      editor: emptyEditor,
      orders: [{ kind: 'more' }, { kind: 'interrupt' }],
    });
    expect(typed('\x04').orders).toEqual([{ kind: 'end' }]);
    expect(typed('a\x0c').orders).toEqual([{ kind: 'clear' }]);
  });
});

describe('history', () => {
  it('goes back and forth and keeps the line that was being typed', () => {
    expect(shown(typed('new\x1b[A').editor)).toBe('ethtool -G eth0 rx 4096|');
    expect(shown(typed('new\x1b[A\x1b[A\x1b[A\x1b[A').editor)).toBe('ethtool -g eth0|');
    expect(shown(typed('new\x1b[A\x1b[A\x1b[B\x1b[B').editor)).toBe('new|');
  });

  it('is searched backwards with Ctrl-R, further with each', () => {
    expect(shown(typed('\x12etht').editor)).toBe('|ethtool -G eth0 rx 4096');
    expect(shown(typed('\x12etht\x12').editor)).toBe('|ethtool -g eth0');
    expect(typed('\x12ls\r').orders).toEqual([{ kind: 'run', line: 'ls /sys' }]);
    expect(shown(typed('mine\x12zzz\x07').editor)).toBe('mine|');
  });
});

describe('completion', () => {
  const complete = (text: string, words: string[]) =>
    applyCompletions(typed(text).editor, text.lastIndexOf(' ') + 1, words);
  it('inserts a single candidate and a blank, or what all share, or lists them', () => {
    expect(shown(complete('etht', ['ethtool']).editor)).toBe('ethtool |');
    expect(shown(complete('cat /pr', ['/proc/']).editor)).toBe('cat /proc/|');
    expect(shown(complete('ip link show e', ['eth0', 'eth1']).editor)).toBe('ip link show eth|');
    expect(complete('ip link show eth', ['eth0', 'eth1']).list).toEqual(['eth0', 'eth1']);
    expect(complete('x', []).list).toEqual([]);
  });

  it('lists candidates in columns, by the last part of their paths', () => {
    expect(columnsOf(['/sys/a', '/sys/bb', '/sys/c'], 8)).toBe('a   c\r\nbb\r\n');
  });
});

describe('drawing', () => {
  it('puts the cursor in its place, over rows that wrap', () => {
    const e = { ...emptyEditor, text: 'abcdef', cursor: 1 };
    const { text, drawn } = drawEditor(nothingDrawn, e, '$ ', 5);
    expect(text).toBe('\r\x1b[J$ abcdef\x1b[1A\r\x1b[3C');
    expect(drawn).toEqual({ row: 0 });
    expect(drawEditor({ row: 1 }, e, '$ ', 80).text).toBe('\r\x1b[1A\x1b[J$ abcdef\r\x1b[3C');
  });

  it('counts no columns for colours in the prompt', () => {
    expect(drawEditor(nothingDrawn, emptyEditor, '\x1b[32m$\x1b[0m ', 80).text).toContain(
      '\r\x1b[2C',
    );
  });
});
