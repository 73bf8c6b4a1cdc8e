import { describe, expect, it } from 'vitest';
import {
  cpusIn,
  maskOf,
  parseList,
  parseMask,
  printList,
  printMask,
} from '../../src/kernel/cpumask.ts';

describe('a CPU mask', () => {
  it.each([
    ['e', 8, '0e'],
    ['00000001', 8, '01'],
    ['', 8, '00'],
    ['00000001,00000002', 36, '1,00000002'],
    ['f\nanything', 8, '0f'],
  ])('reads %j on %i CPUs as %s', (text, bits, shown) => {
    const mask = parseMask(text, bits);
    expect(typeof mask === 'string' ? mask : printMask(mask, bits)).toBe(shown);
  });

  it.each([
    ['0xf', 8, 'EINVAL'],
    ['hello', 8, 'EINVAL'],
    ['1ff', 8, 'EOVERFLOW'],
    ['10000000', 8, 'EOVERFLOW'],
    ['1,2', 8, 'EOVERFLOW'],
    ['00,00000002', 8, 'EOVERFLOW'],
    ['123456789', 36, 'EOVERFLOW'],
    ['4', 2, 'EOVERFLOW'],
  ])('refuses %j on %i CPUs with %s', (text, bits, errno) => {
    expect(parseMask(text, bits)).toBe(errno);
  });

  it('prints one hexadecimal digit for four CPUs, in groups of eight', () => {
    expect(printMask(maskOf([0], 2), 2)).toBe('1');
    expect(printMask(maskOf([0, 35], 36), 36)).toBe('8,00000001');
    expect(printMask(maskOf([], 36), 36)).toBe('0,00000000');
    expect(printMask(maskOf([63], 64), 64)).toBe('80000000,00000000');
  });
});

describe('a CPU list', () => {
  it.each([
    ['4-7', 8, '4-7'],
    ['1,3', 8, '1,3'],
    ['all', 4, '0-3'],
    ['N', 8, '7'],
    ['0-7:2/4', 8, '0-1,4-5'],
    ['', 8, ''],
    ['0 2', 8, '0,2'],
  ])('reads %j on %i CPUs as %s', (text, bits, shown) => {
    const mask = parseList(text, bits);
    expect(typeof mask === 'string' ? mask : printList(mask)).toBe(shown);
  });

  it.each([
    ['8', 8, 'ERANGE'],
    ['3-1', 8, 'EINVAL'],
    ['abc', 8, 'EINVAL'],
    ['-1', 8, 'EINVAL'],
    ['1:1/2', 8, 'EINVAL'],
    ['99999999999', 8, 'EOVERFLOW'],
  ])('refuses %j on %i CPUs with %s', (text, bits, errno) => {
    expect(parseList(text, bits)).toBe(errno);
  });

  it('gives the CPUs of a mask beyond the first word', () => {
    expect(cpusIn(maskOf([1, 33], 36))).toEqual([1, 33]);
  });
});
