/// ip address add, del and flush.
import { inet_del_ifa, inet_insert_ifa } from '../../kernel/devinet.ts';
import type { Io, Running } from '../command.ts';
import { parsePrefix } from './prefix.ts';
import { answer, forbidden, garbage, incomplete, noDevice, notModelled } from './trouble.ts';

/// `verb` is add, del, replace or change, in full or cut short.
export function* addressSet(io: Io, verb: string, words: readonly string[]): Running {
  let local: string | null = null;
  let name: string | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'dev') {
      const next = words[++i];
      if (next === undefined) return yield* incomplete(io);
      name = next;
    } else if (/^(brd|broadcast|peer|label|scope|valid_lft|preferred_lft|metric|proto)$/.test(word))
      return yield* notModelled(io, `address ${verb} ... ${word}`);
    else {
      const text: string = word === 'local' ? (words[++i] ?? '') : word;
      if (local !== null) return yield* garbage(io, 'local', text);
      if (!parsePrefix(text)) {
        if (/^[0-9a-f:]+(\/\d+)?$/i.test(text) && text.includes(':'))
          return yield* notModelled(io, `address ${verb} for IPv6`);
        yield* io.err.line(`Error: any valid prefix is expected rather than "${text}".`);
        return 1;
      }
      local = text;
    }
  }
  if (name === null) {
    yield* io.err.line('Not enough information: "dev" argument is required.');
    return 255;
  }
  if (local === null) {
    yield* io.err.line(
      `${verb.startsWith('d') ? 'ip: ' : ''}Not enough information: "local" argument is required.`,
    );
    return 255;
  }
  const dev = io.k.devs.find((one) => one.name === name);
  if (!dev) return yield* noDevice(io, name);
  if (io.uid !== 0) return yield* forbidden(io);
  const change = verb.startsWith('d') ? inet_del_ifa : inet_insert_ifa;
  return yield* answer(io, change(io.k, dev, local.includes('/') ? local : `${local}/32`));
}
