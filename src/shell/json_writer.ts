/// JSON as iproute2 and ethtool write it: the layout of json_writer.c, which differs from the one
/// that JSON.stringify has.

export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/// The text of a value, without a newline at the end. `pretty` breaks lines before each key.
export function jsonText(value: Json, pretty: boolean, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return arrayText(value as readonly Json[], pretty, depth);
  const inner = depth + 1;
  const newline = (at: number): string => (pretty ? '\n' + ' '.repeat(4 * at) : '');
  const fields = Object.entries(value).map(
    ([key, field]) =>
      `${newline(inner)}${JSON.stringify(key)}:${pretty ? ' ' : ''}${jsonText(field, pretty, inner)}`,
  );
  return fields.length ? `{${fields.join(',')}${newline(depth)}}` : '{}';
}

function arrayText(items: readonly Json[], pretty: boolean, depth: number): string {
  const texts = items.map((item) => jsonText(item, pretty, depth + 1));
  if (!pretty) return `[${texts.join(',')}]`;
  return texts.length ? `[ ${texts.join(',')} ]` : '[ ]';
}
