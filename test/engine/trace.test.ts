import { describe, expect, it } from 'vitest';
import {
  closeRun,
  createGrammar,
  createTrace,
  oldest,
  readRecord,
  readSteps,
  record,
  recordsBetween,
  runOf,
  writeLast,
  writeRun,
  type Trace,
} from '../../src/engine/trace.ts';

const grammar = createGrammar(
  [
    [
      [0, 10],
      [1, 5],
      [2, 0],
    ],
  ],
  [0, 1, 2],
);

const serials = Int32Array.of(7);

/// A step of the packet with handle 0, number 7, on CPU 3.
function write(trace: Trace, time: number, step: number, value = 0, reason = 0): void {
  const at = { cursor_ns: time, id: 3 };
  if (value === 0 && reason === 0) writeRun(trace, at, trace.grammar.single[step]!, 0, serials);
  else writeLast(trace, at, step, 0, serials, value, reason);
}

describe('the trace', () => {
  it('takes at most 20 bytes a record and keeps the newest', () => {
    const trace = createTrace(4);
    expect((trace.times.byteLength + trace.words.byteLength) / trace.size).toBeLessThanOrEqual(20);
    for (let i = 0; i < 6; i++) record(trace, 100 + i, i, -1, i, 0, -i);
    expect(oldest(trace)).toBe(2);
    expect(readRecord(trace, 1)).toBeNull();
    expect(readRecord(trace, 6)).toBeNull();
    expect(readRecord(trace, 5)).toEqual({
      ...{ index: 5, time: 105, step: 5, cpu: -1, packet: 5, reason: 0, value: -5 },
    });
  });

  it('gives records back in order of time', () => {
    const trace = createTrace(8);
    for (const time of [5, 3, 4, 3]) record(trace, time, 0, 0, -1, 0, 0);
    expect(recordsBetween(trace, 3, 4).map((r) => [r.time, r.index])).toEqual([
      [3, 1],
      [3, 3],
      [4, 2],
    ]);
  });

  it('holds steps that follow each other by the grammar in one record, and reads them as single ones', () => {
    const trace = createTrace(8, grammar);
    write(trace, 100, 0);
    write(trace, 110, 1);
    write(trace, 115, 2, 99, 4);
    expect(trace.count).toBe(1);
    expect(
      readSteps(trace, 0).map((s) => [s.time, s.step, s.cpu, s.packet, s.reason, s.value]),
    ).toEqual([
      [100, 0, 3, 7, 0, 0],
      [110, 1, 3, 7, 0, 0],
      [115, 2, 3, 7, 4, 99],
    ]);
    expect(recordsBetween(trace, 105, 112).map((s) => s.step)).toEqual([1]);
  });

  it('begins a run in the middle of a line, and times its steps from there', () => {
    const trace = createTrace(8, grammar);
    write(trace, 50, 1);
    write(trace, 55, 2);
    expect(trace.count).toBe(1);
    expect(recordsBetween(trace, 0, 99).map((s) => [s.time, s.step])).toEqual([
      [50, 1],
      [55, 2],
    ]);
  });

  it('takes a part of a line in one go, behind what is there or in a record of its own', () => {
    const trace = createTrace(8, grammar);
    const rest = runOf(grammar, 1, 2);
    write(trace, 100, 0);
    writeRun(trace, { cursor_ns: 110, id: 3 }, rest, 0, serials);
    writeRun(trace, { cursor_ns: 200, id: 3 }, rest, 0, serials);
    expect(trace.count).toBe(2);
    expect(recordsBetween(trace, 0, 999).map((s) => [s.time, s.step])).toEqual([
      [100, 0],
      [110, 1],
      [115, 2],
      [200, 1],
      [205, 2],
    ]);
  });

  it('begins a new record for a step that comes late, after another one, or after a value', () => {
    const trace = createTrace(16, grammar);
    write(trace, 100, 0);
    write(trace, 111, 1);
    write(trace, 200, 0);
    write(trace, 210, 2);
    write(trace, 300, 0, 5);
    write(trace, 310, 1);
    expect(trace.count).toBe(6);
    write(trace, 400, 0);
    closeRun(trace);
    write(trace, 410, 1);
    expect(trace.count).toBe(8);
    expect(recordsBetween(trace, 0, 999).map((s) => s.time)).toEqual([
      100, 111, 200, 210, 300, 310, 400, 410,
    ]);
  });
});
