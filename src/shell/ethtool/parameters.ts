/// Words and values after the device name of a setting option: `rx 4096 tx 512`. Stands for the
/// parser that ethtool's netlink commands share.
import type { Running } from '../command.ts';
import type { Call } from './call.ts';

/// What a parameter takes: a number, on or off, or one of some words.
export type Kind = 'u32' | 'onoff' | readonly string[];

/// Values by name, in the order in which they were given; null when a message was printed.
export function* parseParameters(
  call: Call,
  option: string,
  kinds: Readonly<Record<string, Kind>>,
): Running<Map<string, number | boolean | string> | null> {
  const values = new Map<string, number | boolean | string>();
  const { args } = call;
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i]!;
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    const word = args[i + 1];
    const trouble =
      kind === undefined
        ? `unknown parameter '${name}'`
        : values.has(name)
          ? `duplicate parameter '${name}'`
          : word === undefined
            ? `no value for parameter '${name}'`
            : null;
    const parsed = trouble === null ? parseValue(kind!, word!) : null;
    if (parsed === null) {
      const text = trouble ?? `invalid value '${word}' for parameter '${name}'`;
      yield* call.io.err.line(`ethtool (${option}): ${text}`);
      return null;
    }
    values.set(name, parsed);
  }
  return values;
}

function parseValue(kind: Kind, word: string): number | boolean | string | null {
  if (kind === 'u32') return parseU32(word);
  if (kind === 'onoff') return word === 'on' ? true : word === 'off' ? false : null;
  return kind.includes(word) ? word : null;
}

/// A decimal number, or a hexadecimal one after 0x, that fits 32 bits; null otherwise.
export function parseU32(word: string): number | null {
  const number = /^0x[0-9a-f]+$/i.test(word)
    ? Number.parseInt(word, 16)
    : /^\+?\d+$/.test(word)
      ? Number(word)
      : NaN;
  return number <= 0xffffffff ? number : null;
}
