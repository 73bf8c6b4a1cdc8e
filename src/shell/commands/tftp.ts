/// tftp, of busybox 1.37: gets a file from the TFTP server at the other end of a wire, where there is one.
/// Left out: putting files, block sizes, names of hosts, the progress bar. What is in a file is not modelled: it is
/// kept as so many zero bytes.
import { strerror } from '../../kernel/errno.ts';
import { TFTP_BLOCK } from '../../kernel/remote/answers.ts';
import { flowKey, ip_route_output_key_hash, type OutputRoute } from '../../kernel/route.ts';
import {
  answerFlow,
  closeUdpProgram,
  openUdpProgram,
  takeDatagram,
  udp_sendmsg,
} from '../../kernel/udp_sendmsg.ts';
import type { Sock } from '../../kernel/state.ts';
import type { Command, Io, Running } from '../command.ts';
import { files } from '../files.ts';
import { parseAddress } from '../ip/prefix.ts';
import { notModelled, parseOptions, spelled } from '../options.ts';
import { absolute } from '../paths.ts';

const PORT = 69;
const POLL_NS = 20_000;
const MS = 1_000_000;
const TIMEOUT_MS = 50; // TFTP_TIMEOUT_MS
const MAXTIMEOUT_MS = 2000;
const RETRIES = 12;
const MODE = 'octet';

interface Transfer {
  readonly sk: Sock;
  readonly out: OutputRoute;
  readonly flow: number;
  readonly file: string;
  readonly size: number; // bytes; -1: the server has no such file
}

function* run(io: Io): Running {
  const parsed = parseOptions(io.argv.slice(1), { short: 'gpl:r:b:' });
  if ('fault' in parsed) {
    yield* io.err.line(`tftp: ${parsed.fault}`);
    return 1;
  }
  const option = (name: string): string | undefined =>
    parsed.options.find((one) => one.name === name)?.value;
  const other = parsed.options.find(({ name }) => name === 'p' || name === 'b');
  if (other) return yield* notModelled(io, spelled(other));
  const [host = '', port = String(PORT)] = parsed.operands;
  const file = option('r') ?? option('l');
  const daddr = parseAddress(host);
  if (file === undefined || daddr === null || !parsed.options.some(({ name }) => name === 'g'))
    return yield* notModelled(io, parsed.operands.join(' ') || 'without -g, -r and an address');
  const out = ip_route_output_key_hash(io.k, flowKey({ daddr }));
  if (typeof out === 'string') {
    yield* io.err.line(`tftp: sendto: ${strerror(out)}`);
    return 1;
  }
  const served = io.k.desc.nics.find((nic) => nic.name === io.k.devs[out.dev]?.name)?.tftp;
  if (served === undefined || io.k.devs[out.dev]!.peer !== host || port !== String(PORT))
    return yield* notModelled(io, `from ${host}, where no server is`);
  const local = absolute(io, option('l') ?? file.slice(file.lastIndexOf('/') + 1));
  const sk = openUdpProgram(io.k, 'tftp', io.uid);
  const size = served[file] ?? -1;
  try {
    const flow = answerFlow(io.k, sk, out, daddr, PORT);
    return yield* get(io, { sk, out, flow, file, size }, local);
  } finally {
    closeUdpProgram(io.k, sk);
  }
}

/// A request for the file and its size, and then an acknowledgement for each answer.
function* get(io: Io, transfer: Transfer, local: string): Running {
  const { file, size } = transfer;
  const request = 2 + file.length + 1 + MODE.length + 1 + 'tsize\0'.length + '0\0'.length;
  if (!(yield* exchange(io, transfer, -1, request))) return yield* timedOut(io);
  if (size < 0) {
    yield* io.err.line('tftp: server error: (1) File not found');
    return 1;
  }
  const blocks = Math.floor(size / TFTP_BLOCK) + 1;
  for (let block = 0; block < blocks; block++)
    if (!(yield* exchange(io, transfer, block, 4))) return yield* timedOut(io);
  udp_sendmsg(io.k, transfer.out, transfer.flow, 4, { block: blocks, size });
  const refused = files.write(io, local, '\0'.repeat(size), { append: false });
  if (!refused) return 0;
  yield* io.err.line(`tftp: can't open '${local}': ${strerror(refused)}`);
  return 1;
}

/// Sends a message, again and again until the answer has come. False: it never does.
function* exchange(
  io: Io,
  { sk, out, flow, size }: Transfer,
  block: number,
  bytes: number,
): Running<boolean> {
  let patience = TIMEOUT_MS;
  for (let tries = 0; tries <= RETRIES; tries++) {
    udp_sendmsg(io.k, out, flow, bytes, { block, size });
    const until = io.k.now + patience * MS;
    while (io.k.now < until) {
      if (takeDatagram(io.k, sk)) return true;
      yield { kind: 'sleep', ns: Math.min(POLL_NS, until - io.k.now) };
    }
    patience = Math.min(patience + Math.floor(patience / 2), MAXTIMEOUT_MS);
  }
  return false;
}

function* timedOut(io: Io): Running {
  yield* io.err.line('tftp: timeout');
  return 1;
}

export const tftp: Command = {
  name: 'tftp',
  summary: 'get a file from a TFTP server',
  usage: 'tftp -g -r FILE [-l FILE] HOST',
  run,
};
