/// Tables that are asked with words somebody has typed. They hold what was put into them and nothing else;
/// a plain object also has an answer to `constructor`.

/// A table of these rows.
export function wordTable<T>(rows: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, T>, rows));
}
