/// The current record and its fields. Fields are cut when first asked for; the record is put together
/// again when a field or NF was changed.
import { Fatal } from './ast.ts';
import type { Splitter } from './split.ts';
import { toText, UserText } from './values.ts';
import type { Value } from './values.ts';

const mostFields = 1 << 18;

export class AwkRecord {
  private text: string | null = ''; // null: to be put together from the fields
  private whole: Value = undefined; // $0 as a value
  private fields: Value[] | null = null; // null: not cut yet

  /// Reads a record or assigns to $0.
  set(text: string, value: Value = new UserText(text)): void {
    this.text = text;
    this.whole = value;
    this.fields = null;
  }

  wholeText(ofs: string, convfmt: string): string {
    if (this.text === null) {
      this.text = (this.fields ?? []).map((field) => toText(field, convfmt)).join(ofs);
      this.whole = new UserText(this.text);
    }
    return this.text;
  }

  wholeValue(ofs: string, convfmt: string): Value {
    this.wholeText(ofs, convfmt);
    return this.whole;
  }

  count(split: Splitter): number {
    return this.cut(split).length;
  }

  get(index: number, split: Splitter): Value {
    return this.cut(split)[index - 1];
  }

  setField(index: number, value: Value, split: Splitter): void {
    this.resize(Math.max(index, this.cut(split).length), split);
    this.cut(split)[index - 1] = value;
    this.text = null;
  }

  /// Assigning to NF drops fields or adds empty ones.
  setCount(count: number, split: Splitter): void {
    this.resize(count, split);
    this.text = null;
  }

  private resize(count: number, split: Splitter): void {
    if (count > mostFields)
      throw new Fatal(`softnet: a record is limited to ${mostFields} fields here`);
    const fields = this.cut(split);
    while (fields.length < count) fields.push(new UserText(''));
    fields.length = count;
  }

  private cut(split: Splitter): Value[] {
    this.fields ??= split(this.text ?? '').map((field) => new UserText(field));
    return this.fields;
  }
}
