/// Secret keys of hash functions, which the kernel draws from its random number generator; here they come
/// from the seed, so that a run can be repeated.
/// Stands for net_get_random_once() and net_secret_init() (net/core/secure_seq.c).
import { bits, stream, type Stream } from '../engine/random.ts';
import type { HashSecrets } from './state.ts';

export function drawSecrets(seed: number): HashSecrets {
  const from = stream(seed, 'hash secrets');
  const secret = (name: string): number => bits(stream(seed, name));
  return {
    // inet_ehashfn() and udp_ehashfn() add the network namespace's own number.
    inet_ehash: (secret('inet_ehash_secret') + secret('net_hash_mix')) >>> 0,
    udp_ehash: (secret('udp_ehash_secret') + secret('net_hash_mix')) >>> 0,
    net: key(from),
    syncookie: [key(from), key(from)],
    syncookie6: [key(from), key(from)],
  };
}

function key(from: Stream): number[] {
  return [bits(from), bits(from), bits(from), bits(from)];
}
