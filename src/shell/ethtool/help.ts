/// ethtool --help and --version.
import type { Running } from '../command.ts';
import type { Call } from './call.ts';

const VERSION = 'ethtool version 6.14.2';

/// What the help says of one option.
export interface Explained {
  readonly names: string; // -g|--show-ring
  readonly help: string;
  readonly further: readonly string[]; // lines about the words that follow
  readonly device: boolean; // a device name follows
}

export function* showVersion(call: Call): Running {
  yield* call.io.out.line(VERSION);
  return 0;
}

/// Prints the tool's usage. Options that the model does not have are listed too, since the tool has
/// them; of the words that may follow, only some.
export function* printHelp(call: Call, options: readonly Explained[]): Running {
  const { out } = call.io;
  yield* out.line(VERSION);
  yield* out.line('Usage:');
  for (const { names, help, device, further } of options) {
    yield* out.line(`        ethtool [ FLAGS ] ${names} ${device ? 'DEVNAME' : '\t'}\t${help}`);
    for (const line of further) yield* out.line(`\t\t${line}`);
  }
  yield* out.line('');
  yield* out.line('FLAGS:');
  yield* out.line('\t--debug MASK\tturn on debugging messages');
  yield* out.line('\t-j|--json\tenable JSON output format (not supported by all commands)');
  yield* out.line(
    '\t-I|--include-statistics\t\trequest device statistics related to the command (not supported by all commands)',
  );
  return 0;
}
