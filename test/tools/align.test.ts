import { describe, expect, it } from 'vitest';
import { align, shapeOf } from '../../tools/conformance/align.ts';

describe('line alignment', () => {
  it('counts identical lines in order, over the longer side', () => {
    expect(align('a\nb\nc\n', 'a\nc\n')).toEqual({ exact: 2, shape: 2, lines: 3 });
    expect(align('a\n', 'x\na\ny\nz\n')).toEqual({ exact: 1, shape: 1, lines: 4 });
  });

  it('has nothing to compare when both sides are silent', () => {
    expect(align('', '')).toEqual({ exact: 0, shape: 0, lines: 0 });
    expect(align('', 'noise\n')).toEqual({ exact: 0, shape: 0, lines: 1 });
  });

  it('sees the same shape when only numbers and blanks differ', () => {
    expect(align('rx:  256\n', 'rx: 4096\n')).toEqual({ exact: 0, shape: 1, lines: 1 });
    expect(shapeOf('00003ccf 00000000')).toBe(shapeOf('00000001 000000ff'));
  });

  it('takes link addresses and keys for numbers, but not what only looks like them', () => {
    expect(shapeOf('lladdr d2:56:c5:6f:db:91 x')).toBe(shapeOf('lladdr 16:cf:63:bd:b8:af x'));
    expect(shapeOf('fe:ed:be:ef')).not.toBe(shapeOf('ab:cd:ef:ab'));
  });

  it('still tells words apart', () => {
    expect(align('Invalid argument\n', 'Permission denied\n').shape).toBe(0);
  });
});
