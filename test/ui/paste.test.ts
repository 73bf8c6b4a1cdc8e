import { describe, expect, it } from 'vitest';
import { typedLines } from '../../src/ui/paste.ts';

describe('pasted text', () => {
  it('becomes lines, and what follows the last newline waits', () => {
    expect(typedLines('ls\r\npwd\nuptime')).toEqual({
      lines: ['ls', 'pwd'],
      rest: 'uptime',
      notice: '',
    });
  });

  it('loses the characters that a terminal takes for keys', () => {
    expect(typedLines('ls\x03\x1b[A -l\t/')).toEqual({ lines: [], rest: 'ls[A -l\t/', notice: '' });
  });

  it('is cut at a hundred lines, with a word about it', () => {
    const pasted = typedLines('true\n'.repeat(150));
    expect(pasted.lines).toHaveLength(100);
    expect(pasted.notice).toContain('first 100 lines');
  });
});
