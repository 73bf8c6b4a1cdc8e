/// snat, dnat, masquerade and redirect, as nft reads them.
/// Left out: prefixes, maps, and concatenations of address and port.
import type { NftExpr, Word } from '../../kernel/netfilter/types.ts';
import { readWords } from '../../kernel/netfilter/packet.ts';
import type { Cursor } from './cursor.ts';
import type { RuleDraft } from './rule_draft.ts';
import { beginsField } from './expressions.ts';
import { Absent, Trouble, span, type Place } from './trouble.ts';
import { readIpv4 } from './values.ts';

type NatType = 'snat' | 'dnat' | 'masquerade' | 'redirect';

const FLAGS = ['random', 'fully-random', 'persistent'];

export function readNat(cursor: Cursor, draft: RuleDraft, type: NatType): NftExpr {
  const from = cursor.last();
  let family: '' | 'ip' | 'ip6' = '';
  if (cursor.takes('ip')) family = 'ip';
  else if (cursor.takes('ip6')) family = 'ip6';
  if (cursor.sees('prefix')) throw new Absent('nft: nat of prefixes');
  const addr: Word[][] = [];
  let port: number[] = [];
  let portPlace: Place | null = null;
  const startPort = (): void => {
    const first = cursor.peek().place;
    port = readPorts(cursor);
    portPlace = span(first, cursor.last());
  };
  if (cursor.takes('to') || ((type === 'snat' || type === 'dnat') && !cursor.atSeparator())) {
    if (cursor.sees(':')) startPort();
    else {
      addr.push(readAddress(cursor));
      if (cursor.takes('-')) addr.push(readAddress(cursor));
      if (cursor.sees(':')) startPort();
    }
  } else if (type === 'snat' || type === 'dnat') throw cursor.unexpected();
  const flags: string[] = [];
  do {
    const flag = FLAGS.find((name) => cursor.takes(name));
    if (flag) flags.push(flag);
  } while (cursor.takes(','));
  flags.sort((a, b) => FLAGS.indexOf(a) - FLAGS.indexOf(b));
  if (portPlace && draft.l4 === '')
    throw new Trouble(
      portPlace,
      'transport protocol mapping is only valid after transport protocol match',
      span(from, cursor.last()),
    );
  checkFamily(draft, addr, family, span(from, cursor.last()), type);
  if (family === '' && addr.length > 0) family = draft.l3 === 'ip6' ? 'ip6' : 'ip';
  return { kind: 'nat', type, family: draft.family === 'inet' ? family : '', addr, port, flags };
}

// In an inet table the address alone does not say which packets are meant.
function checkFamily(
  draft: RuleDraft,
  addr: readonly Word[][],
  written: string,
  place: Place,
  type: NatType,
): void {
  if (addr.length === 0) return;
  const own = draft.family === 'inet' ? draft.l3 : draft.family;
  if (own === '' && written === '')
    throw new Trouble(
      place,
      `specify \`${type} ip' or '${type} ip6' in inet table to disambiguate`,
    );
  const family = written || own;
  if (own !== '' && family !== own)
    throw new Trouble(place, 'conflicting protocols specified: ip vs ip6');
  if ((addr[0]!.length === 4) !== (family === 'ip6'))
    throw new Trouble(
      place,
      'Could not resolve hostname: Address family for hostname not supported',
    );
}

function readAddress(cursor: Cursor): Word[] {
  if (beginsField(cursor)) throw new Absent('nft: nat by a map');
  const inside = cursor.takes('[');
  const { text, place } = cursor.next();
  const four = readIpv4(text);
  const words = four === null ? readWords(text) : [four];
  if (!words) throw new Trouble(place, 'Could not resolve hostname: Name or service not known');
  if (inside) cursor.need(']');
  return [...words];
}

function readPorts(cursor: Cursor): number[] {
  cursor.need(':');
  const ports = [Number(cursor.number().text)];
  if (cursor.takes('-')) ports.push(Number(cursor.number().text));
  return ports;
}
