/// ethtool 6.14: reads and changes what a NIC driver offers. The options are in ../ethtool/.
import type { Kernel } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { badArguments, notModelled } from '../ethtool/call.ts';
import { FEATURE_WORDS } from '../ethtool/features.ts';
import { monitor } from '../ethtool/monitor.ts';
import { DEFAULT_OPTION, findOption, OPTIONS } from '../ethtool/options.ts';

interface Flags {
  json: boolean;
  stats: boolean;
  rest: readonly string[];
}

/// Takes the flags off the front; null for a flag that is used wrongly.
function takeFlags(words: readonly string[]): Flags | null {
  const flags = { json: false, stats: false };
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === '-j' || word === '--json') flags.json = true;
    else if (word === '-I' || word === '--include-statistics') flags.stats = true;
    else if (word === '--debug') {
      if (!/^(0x[0-9a-f]+|\d+)$/i.test(words[++at] ?? '')) return null;
    } else if (word !== '--disable-netlink') break;
  }
  return { ...flags, rest: words.slice(at) };
}

function* run(io: Io): Running {
  const flags = takeFlags(io.argv.slice(1));
  const first = flags?.rest[0];
  if (!flags || first === undefined) return yield* badArguments(io);
  if (first === '--monitor') return yield* monitor(io, flags.rest[1]);
  const named = findOption(first);
  if (!named && first.startsWith('-')) return yield* badArguments(io);
  const option = named ?? DEFAULT_OPTION;
  const words = named ? flags.rest.slice(1) : flags.rest;
  const devname = option.device ? words[0] : '';
  if (devname === undefined) return yield* badArguments(io);
  // What these take over from the devices below them is not modelled.
  const kind = io.k.devs.find((dev) => dev.name === devname)?.links.kind ?? '';
  if (kind !== '' && kind !== 'veth') return yield* notModelled(io, `on a device of type ${kind}`);
  if (flags.json && !option.json)
    return yield* badArguments(io, 'JSON output not available for this subcommand');
  return yield* option.run({
    io,
    devname,
    args: option.device ? words.slice(1) : words,
    json: flags.json,
    stats: flags.stats,
  });
}

const SETTING_WORDS: Readonly<Record<string, readonly string[]>> = {
  '-G': ['rx', 'tx', 'rx-mini', 'rx-jumbo'],
  '-L': ['combined', 'rx', 'tx', 'other'],
  '-C': ['rx-usecs', 'rx-frames', 'tx-usecs', 'tx-frames', 'adaptive-rx', 'adaptive-tx'],
  '-A': ['autoneg', 'rx', 'tx'],
  '-K': [...FEATURE_WORDS, 'on', 'off'],
  '-X': ['equal', 'weight', 'default', 'start', 'hkey'],
  '-n': ['rx-flow-hash', 'rule', 'tcp4', 'udp4', 'tcp6', 'udp6'],
  '-N': ['rx-flow-hash', 'tcp4', 'udp4', 'tcp6', 'udp6', 'sd', 'sdfn'],
  '-s': ['speed', 'duplex', 'autoneg', 'wol', 'msglvl', 'half', 'full', 'on', 'off'],
};

function complete(k: Kernel, words: readonly string[]): readonly string[] {
  const devices = k.devs.map((dev) => dev.name);
  const option = words[1];
  if (words.length <= 2) return [...OPTIONS.flatMap(({ names }) => names.split('|')), ...devices];
  if (words.length === 3) return devices;
  const named = option === undefined ? undefined : findOption(option);
  return SETTING_WORDS[named?.names.split('|')[0] ?? ''] ?? [];
}

export const ethtool: Command = {
  name: 'ethtool',
  summary: 'query or control network driver and hardware settings',
  usage: 'ethtool [FLAGS] [OPTION] DEVNAME [ARGUMENTS]',
  run,
  complete,
};
