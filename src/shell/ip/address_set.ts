/// ip address add, del and flush.
/// Left out: peers, labels, scopes, lifetimes; flags of IPv6 addresses.
import { address6 } from '../../kernel/address.ts';
import { inet_del_ifa, inet_insert_ifa } from '../../kernel/devinet.ts';
import { inet6_addr_add, inet6_addr_del } from '../../kernel/ipv6_addr.ts';
import type { Io, Running } from '../command.ts';
import { parsePrefix } from './prefix.ts';
import type { Style } from './style.ts';
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
        if (address6(text.split('/')[0]!) === null) {
          yield* io.err.line(`Error: any valid prefix is expected rather than "${text}".`);
          return 1;
        }
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
  if (local.includes(':')) {
    const change = verb.startsWith('d') ? inet6_addr_del : inet6_addr_add;
    return yield* answer(io, change(io.k, dev, local));
  }
  const change = verb.startsWith('d') ? inet_del_ifa : inet_insert_ifa;
  return yield* answer(io, change(io.k, dev, local.includes('/') ? local : `${local}/32`));
}

/// ip -4 address flush dev NAME: every IPv4 address of the device goes.
export function* addressFlush(io: Io, style: Style, words: readonly string[]): Running {
  if (words.length === 0) {
    yield* io.err.line('Flush requires arguments.');
    return 1;
  }
  const name = words[0] === 'dev' ? words[1] : words[0];
  if (name === undefined) return yield* incomplete(io);
  const dev = io.k.devs.find((one) => one.name === name);
  if (!dev) {
    yield* io.err.line(`Device "${name}" does not exist.`);
    return 1;
  }
  if (style.family !== 'inet' || words.length > (words[0] === 'dev' ? 2 : 1))
    return yield* notModelled(io, `address flush ${words.join(' ')} (with -4 and a device it is)`);
  if (io.uid !== 0) return yield* forbidden(io);
  // The primaries go first and take their secondaries along.
  while (dev.addrs.length > 0) inet_del_ifa(io.k, dev, dev.addrs[0]!);
  return 0;
}
