/// Rows of a settings report, and their two prints: text with labels, and JSON with keys.
import type { Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { print, value } from '../marked.ts';
import type { Call } from './call.ts';

/// One value of a report. Without a value the driver does not have it: `n/a`, and no JSON.
export interface Row {
  readonly label: string; // text in front of the value
  readonly key: string; // JSON key; '' for a line of text alone
  readonly value: number | boolean | null;
  readonly ref: string; // registry entry; '' none
  readonly nl: boolean; // the line ends here
}

export function title(label: string): Row {
  return { label, key: '', value: null, ref: '', nl: true };
}

export function number(label: string, key: string, shown: number | null = null, ref = ''): Row {
  return { label, key, value: shown, ref, nl: true };
}

export function word(
  label: string,
  key: string,
  on: boolean | null = null,
  ref = '',
  nl = true,
): Row {
  return { label, key, value: on, ref, nl };
}

/// Prints a report under its heading, as text or as JSON.
export function* printRows(call: Call, heading: string, rows: readonly Row[]): Running<void> {
  const { out } = call.io;
  if (call.json) {
    const object: Record<string, Json> = { ifname: call.devname };
    for (const row of rows) if (row.key && row.value !== null) object[row.key] = row.value;
    return yield* out.write(jsonText([object], true) + '\n');
  }
  yield* out.line(heading);
  const line = [];
  for (const row of rows) {
    line.push(row.label);
    if (row.key) line.push(row.ref ? value(shown(row.value), row.ref) : shown(row.value));
    if (!row.nl) continue;
    yield* print(out, ...line);
    line.length = 0;
  }
}

function shown(of: Row['value']): string {
  if (of === null) return 'n/a';
  return typeof of === 'number' ? String(of) : of ? 'on' : 'off';
}
