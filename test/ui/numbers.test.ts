import { describe, expect, it } from 'vitest';
import {
  count,
  inUnit,
  percent,
  short,
  ticks,
  time,
  timeUnit,
  withUnit,
} from '../../src/ui/numbers.ts';

/// Narrow no-break and no-break spaces, written so that a reader of this file can see them.
const shown = (text: string) => text.replaceAll('\u202f', '_').replaceAll('\u00a0', '~');

describe('numbers', () => {
  it('groups digits by three and keeps the sign', () => {
    expect([0, 999, 1514, 2146000, -1200].map((n) => shown(count(n)))).toEqual([
      '0',
      '999',
      '1_514',
      '2_146_000',
      '\u22121_200',
    ]);
  });

  it('writes rates with four digits and a prefix', () => {
    expect(shown(withUnit(14_880_000, 'pps'))).toBe('14.88~Mpps');
    expect(shown(withUnit(1_488_095, 'pps'))).toBe('1.488~Mpps');
    expect(shown(withUnit(964_800_000, 'b/s'))).toBe('964.8~Mb/s');
    expect(shown(withUnit(53_100, 'skbs/s'))).toBe('53.1~k~skbs/s');
    expect(shown(withUnit(0, 'pps'))).toBe('0~pps');
  });

  it('writes microseconds for the unit that commands use', () => {
    expect(shown(withUnit(400, 'us'))).toBe('400~µs');
    expect(shown(withUnit(8000, 'us'))).toBe('8_000~µs');
  });

  it('chooses the unit of a time by its length, and keeps it for all times of one run', () => {
    expect([640, 520_000, 40_000_000, 12_480_000_000].map((ns) => shown(time(ns)))).toEqual([
      '640~ns',
      '520~µs',
      '40~ms',
      '12.480~s',
    ]);
    expect(inUnit(7_331_400, timeUnit(40_000_000))).toBe('7.331');
    expect(inUnit(173_376, 'µs')).toBe('173.4');
  });

  it('drops zeros that say nothing', () => {
    expect([53.1, 4.97, 100, 0.5].map((n) => short(n))).toEqual(['53.1', '4.97', '100', '0.5']);
    expect(shown(percent(0.976))).toBe('98~%');
  });

  it('puts round values on an axis, never more than asked for', () => {
    expect(ticks(1500, 5)).toEqual([0, 500, 1000, 1500]);
    expect(ticks(736, 4)).toEqual([0, 200, 400, 600]);
    for (const top of [1e-3, 3, 64, 255, 4096, 9e6, 1.488e6])
      expect(ticks(top, 4).length).toBeLessThanOrEqual(5);
  });
});
