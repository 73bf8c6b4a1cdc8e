/// ethtool --reset: asks the driver to reset parts of the hardware, which no driver here does.
import type { Running } from '../command.ts';
import { badArguments, deviceOf, ioctlError, type Call } from './call.ts';
import { parseU32 } from './parameters.ts';

const PARTS = ['mgmt', 'irq', 'dma', 'filter', 'offload', 'mac', 'phy', 'ram', 'ap'];
const SHARED_SHIFT = 16; // ETH_RESET_SHARED_SHIFT

export function* reset(call: Call): Running {
  const { io, args } = call;
  const mask = resetMask(args);
  if (!args.length || mask === null) return yield* badArguments(io);
  yield* io.out.line(`ETHTOOL_RESET 0x${mask.toString(16)}`);
  const errno = !deviceOf(call) ? 'ENODEV' : io.uid !== 0 ? 'EPERM' : 'EOPNOTSUPP';
  yield* ioctlError(io, 'Cannot issue ETHTOOL_RESET', errno);
  return 1;
}

/// Bits of the parts named; null for a word that names none.
function resetMask(args: readonly string[]): number | null {
  let mask = 0;
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    const shared = word.endsWith('-shared');
    const bit = PARTS.indexOf(shared ? word.slice(0, -'-shared'.length) : word);
    if (word === 'flags') {
      const flags = parseU32(args[++i] ?? '');
      if (flags === null) return null;
      mask |= flags;
    } else if (word === 'dedicated') mask |= 0xffff;
    else if (word === 'all') mask |= 0xffffffff;
    else if (bit < 0) return null;
    else mask |= 1 << (bit + (shared ? SHARED_SHIFT : 0));
  }
  return mask >>> 0;
}
