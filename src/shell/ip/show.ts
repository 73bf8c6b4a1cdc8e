/// ip link show and ip address show: which devices, and in which form.
import type { NetDevice } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { addressJson, addressLines, addressesOf, briefAddresses } from './addresses.ts';
import { briefLine, linkJson, linkLines, linkRecord } from './link_record.ts';
import { statsJson, statsLines } from './link_stats.ts';
import { paint, printRecord, type Style } from './style.ts';
import { garbage, incomplete, notModelled, wrongArgument } from './trouble.ts';

interface Filter {
  dev: string | null;
  up: boolean;
  down: boolean;
  scope: string | null;
}

/// The words after `show`; a number is the exit status of what was wrong with them.
function* parseFilter(io: Io, words: readonly string[]): Running<Filter | number> {
  const filter: Filter = { dev: null, up: false, down: false, scope: null };
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    if (word === 'up') filter.up = true;
    else if (word === 'down') filter.down = true;
    else if (word === 'novf' || word === 'nomaster') continue;
    else if (['to', 'label', 'master', 'vrf', 'type', 'proto'].includes(word))
      return yield* notModelled(io, `... show ${word}`);
    else if (word === 'group' || word === 'scope') {
      const next = words[++i];
      if (next === undefined) return yield* incomplete(io);
      if (word === 'scope') filter.scope = next;
      else if (next !== 'default') return yield* wrongArgument(io, next, 'Invalid "group" value\n');
    } else {
      if (word === 'dev') {
        const next = words[++i];
        if (next === undefined) return yield* incomplete(io);
        word = next;
      }
      if (filter.dev !== null) return yield* garbage(io, 'dev', word);
      filter.dev = word;
    }
  }
  return filter;
}

/// `link` tells ip link from ip address.
export function* show(io: Io, style: Style, words: readonly string[], link: boolean): Running {
  const filter = yield* parseFilter(io, words);
  if (typeof filter === 'number') return filter;
  const { dev: name } = filter;
  if (name !== null && !io.k.devs.some((dev) => dev.name === name)) {
    yield* io.err.line(`Device "${name}" does not exist.`);
    return 1;
  }
  const chosen = io.k.devs.filter(
    (dev) =>
      (name === null || dev.name === name) &&
      !(filter.up && !dev.up) &&
      !(filter.down && dev.up) &&
      (link ||
        style.family === 'any' ||
        style.family === 'link' ||
        addressesOf(io.k, dev, style).length),
  );
  if (style.json) {
    const objects = chosen.map((dev) => deviceJson(io, dev, style, link));
    yield* io.out.write(jsonText(objects, style.pretty) + '\n');
    return 0;
  }
  for (const dev of chosen)
    if (style.brief) yield* io.out.line(brief(io, dev, style, link));
    else if (link) {
      const lines = linkLines(io.k, dev, style, true);
      if (style.stats) lines.push(...statsLines(io.k, dev, style.stats));
      yield* printRecord(io.out, style, lines);
    } else yield* showAddresses(io, dev, style);
  return 0;
}

/// ip address shows the device and its addresses; -o the addresses alone, a line each.
function* showAddresses(io: Io, dev: NetDevice, style: Style): Running<void> {
  const lines = linkLines(io.k, dev, style, false);
  const addresses = addressesOf(io.k, dev, style).map((one) => addressLines(dev, one, style));
  if (style.oneline) {
    const head = `${dev.ifindex}: ${dev.name}`;
    for (const [first = [], ...rest] of addresses)
      yield* printRecord(io.out, style, [[head, ...first], ...rest]);
    return;
  }
  if (style.stats) lines.push(...statsLines(io.k, dev, style.stats));
  yield* printRecord(io.out, style, [...lines, ...addresses.flat()]);
}

function brief(io: Io, dev: NetDevice, style: Style, link: boolean): string {
  const { address, flags } = linkRecord(dev);
  return briefLine(
    dev,
    style,
    link
      ? `${paint(style, 'mac', address)} <${flags.join(',')}> `
      : briefAddresses(io.k, dev, style),
  );
}

function deviceJson(io: Io, dev: NetDevice, style: Style, link: boolean): Json {
  const object = linkJson(io.k, dev, style, link);
  if (style.stats && link) object['stats64'] = statsJson(io.k, dev, style.stats);
  if (!link) object['addr_info'] = addressesOf(io.k, dev, style).map(addressJson(dev));
  return object;
}
