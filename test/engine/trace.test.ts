import { describe, expect, it } from 'vitest';
import { createTrace, oldest, readRecord, record, recordsBetween } from '../../src/engine/trace.ts';

describe('the trace', () => {
  it('takes at most 20 bytes a record and keeps the newest', () => {
    const trace = createTrace(4);
    const bytes = Object.values(trace)
      .filter((part): part is Float64Array => ArrayBuffer.isView(part))
      .reduce((sum, column) => sum + column.byteLength, 0);
    expect(bytes / trace.size).toBeLessThanOrEqual(20);
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
});
