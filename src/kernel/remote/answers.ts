/// What the machine at the other end of the wire answers beside TCP and echo requests: it tells its link address, and
/// serves files by TFTP (RFC 1350, RFC 2349) from its port 69 alone, as QEMU's user network does.
/// Left out: what that machine has to do else, so the answer takes no time there; writing of files, other modes. A short
/// answer counts as being as long as its frame is padded to.
import { takeSkb } from '../skb.ts';
import type { Kernel, NetDevice, Outgoing } from '../state.ts';
import { receiveFrame } from '../wire.ts';

const MIN_FRAME = 60;
const ARP_REPLY = 64; // bytes: the reply of QEMU's user network is longer than need be
const HEADERS = 42; // Ethernet, IPv4, UDP
export const TFTP_BLOCK = 512;
const DATA_HEADER = 4;

/// A question for an address, or a TFTP message, has arrived there.
export function peerAnswers(k: Kernel, dev: NetDevice, out: Outgoing): void {
  if (out.asks) return frame(k, dev, out, servesFiles(k, dev) ? ARP_REPLY : MIN_FRAME);
  const bytes = out.tftp === undefined ? 0 : tftpAnswer(out.tftp);
  if (bytes > 0) frame(k, dev, out, HEADERS + bytes);
}

/// Whether that machine is the one with the TFTP server: QEMU's user network.
function servesFiles(k: Kernel, dev: NetDevice): boolean {
  return k.desc.nics.find((nic) => nic.name === dev.name)?.tftp !== undefined;
}

/// Bytes of the server's answer to a message: to a request (block -1) the size of the file, or an error where it has
/// no such file (size -1); to an acknowledgement the next block; 0: it says nothing more.
export function tftpAnswer({
  block,
  size,
}: {
  readonly block: number;
  readonly size: number;
}): number {
  if (size < 0) return 2 + 2 + 'File not found\0'.length;
  if (block < 0) return 2 + 'tsize\0'.length + `${size}\0`.length;
  const left = size - block * TFTP_BLOCK;
  return left < 0 ? 0 : DATA_HEADER + Math.min(left, TFTP_BLOCK);
}

function frame(k: Kernel, dev: NetDevice, out: Outgoing, bytes: number): void {
  const pool = k.skbs;
  const skb = takeSkb(pool);
  pool.flow[skb] = out.flow;
  pool.len[skb] = Math.max(MIN_FRAME, bytes);
  pool.dev[skb] = k.devs.indexOf(dev);
  pool.arrived[skb] = k.now;
  pool.serial[skb] = k.ledger.offered;
  pool.flags[skb] = 0;
  receiveFrame(k, dev, skb);
}
