import { describe, expect, it } from 'vitest';
import { pieces } from '../../src/ui/ansi.ts';

const drawn = (text: string) => pieces(text).map(({ text, style }) => [text, style]);

describe('printed text with its colours', () => {
  it('turns what ip colours into styles', () => {
    expect(drawn('2: \x1b[36meth0: \x1b[0m<UP>')).toEqual([
      ['2: ', ''],
      ['eth0: ', 'sgr-36'],
      ['<UP>', ''],
    ]);
  });

  it('reads what grep prints: several numbers in one code, an empty one, and codes to erase', () => {
    expect(drawn('a \x1b[01;31m\x1b[Khit\x1b[m\x1b[K b')).toEqual([
      ['a ', ''],
      ['hit', 'sgr-1 sgr-31'],
      [' b', ''],
    ]);
  });

  it('draws bright colours as the plain ones, and knows inverse and its end', () => {
    expect(drawn('\x1b[92mok\x1b[39m \x1b[7mnew\x1b[27mold')).toEqual([
      ['ok', 'sgr-32'],
      [' ', ''],
      ['new', 'sgr-7'],
      ['old', ''],
    ]);
  });

  it('keeps numbers in their columns, which count the codes', () => {
    const text = '\x1b[32mUP\x1b[0m mtu 1500 qdisc';
    const start = text.indexOf('1500');
    const mark = { start, end: start + 4, ref: 'tunable:mtu@eth0' };
    expect(pieces(text, [mark])).toEqual([
      { text: 'UP', style: 'sgr-32' },
      { text: ' mtu ', style: '' },
      { text: '1500', style: '', mark },
      { text: ' qdisc', style: '' },
    ]);
  });

  it('says the same text as without its codes', () => {
    const text = '\x1b[H\x1b[2JEvery 2.0s\x1b[1m: x';
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(''),
    ).toBe('Every 2.0s: x');
  });
});
