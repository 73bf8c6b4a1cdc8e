/// Vectors of the flow dissector and the hash of a flow.
import {
  __flow_hash_from_keys,
  __skb_flow_dissect,
  flow_keys_have_l4,
  flow_keys_hash_start,
} from '../flow_dissector.ts';
import { bytesOfHex, differs, sipKeyOf } from './bare_host.ts';

interface Case {
  readonly key0: string;
  readonly key1: string;
  readonly ethertype: number;
  readonly packet_hex: string;
  readonly addr_type: number;
  readonly has_l4: 0 | 1;
  readonly keys_before_hex: string;
  readonly hashed_bytes_hex: string;
  readonly hash: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const keys = __skb_flow_dissect(bytesOfHex(test.packet_hex), test.ethertype);
  const found = [keys.addr_type, flow_keys_have_l4(keys) ? 1 : 0];
  const before = hex(flow_keys_hash_start(keys));
  const hash = __flow_hash_from_keys(keys, sipKeyOf(test.key0, test.key1));
  return (
    differs('addresses and ports', found, [test.addr_type, test.has_l4]) ??
    differs('keys', before, test.keys_before_hex) ??
    differs('ordered keys', hex(flow_keys_hash_start(keys)), test.hashed_bytes_hex) ??
    differs('hash', hash, test.hash)
  );
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
