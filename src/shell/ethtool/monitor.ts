/// ethtool --monitor: says what changes, as the matching option shows it, until somebody stops it.
/// Like the tool it keeps what it has to say in the C library's buffer when standard output is no terminal, and
/// loses that when it is killed.
/// Left out: notifications of anything but rings, channels, coalescing, pause frames and features.
import type { Io, Output, Running } from '../command.ts';
import { badArguments, notModelled } from './call.ts';
import { findOption } from './options.ts';

/// What sets a thing, and what shows it.
const WATCHED: readonly (readonly [set: string, show: string])[] = [
  ['-G|--set-ring', '-g|--show-ring'],
  ['-L|--set-channels', '-l|--show-channels'],
  ['-C|--coalesce', '-c|--show-coalesce'],
  ['-A|--pause', '-a|--show-pause'],
  ['-K|--features|--offload', '-k|--show-features|--show-offload'],
];
const POLL_NS = 10_000_000;
const STDIO_BUFFER = 4096; // bytes

/// Watches what `option` sets, or everything.
export function* monitor(io: Io, option: string | undefined): Running {
  const shown = WATCHED.filter(
    ([set, show]) => option === undefined || `${set}|${show}`.split('|').includes(option),
  ).map(([, show]) => show.split('|')[0]!);
  if (shown.length === 0)
    return option?.startsWith('-') === true
      ? yield* notModelled(io, `--monitor ${option}`)
      : yield* badArguments(io);
  yield* io.out.line('listening...');
  let version = io.k.config_version;
  let before = yield* look(io, shown);
  let held = '';
  for (;;) {
    yield { kind: 'sleep', ns: POLL_NS };
    if (io.k.config_version === version) continue;
    version = io.k.config_version;
    const now = yield* look(io, shown);
    for (const [key, text] of now) if (text !== before.get(key)) held += `\n${text}`;
    before = now;
    if (io.columns === null && held.length < STDIO_BUFFER) continue;
    yield* io.out.write(held);
    held = '';
  }
}

/// What every device shows now, by option and device.
function* look(io: Io, options: readonly string[]): Running<Map<string, string>> {
  const found = new Map<string, string>();
  for (const option of options)
    for (const dev of io.k.devs.slice(1)) {
      let text = '';
      const out: Output = {
        *write(piece) {
          text += piece;
        },
        *line(piece) {
          text += `${piece}\n`;
        },
        *pass(line) {
          text += line.text + (line.nl ? '\n' : '');
        },
      };
      const err: Output = { ...out, *write() {}, *line() {} };
      const call = { devname: dev.name, args: [], json: false, stats: false };
      const quiet: Io = { ...io, k: io.k, out, err };
      if ((yield* findOption(option)!.run({ ...call, io: quiet })) === 0)
        found.set(`${option} ${dev.name}`, text);
    }
  return found;
}
