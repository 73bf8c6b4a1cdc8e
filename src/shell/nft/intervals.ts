/// Elements of interval sets before they go to the kernel: what overlaps is refused, or with auto-merge put together.
/// Stands for src/intervals.c of nftables 1.1.3.
/// Left out: merging of IPv6 addresses and of concatenations.
import type {
  DelSetElem,
  NewSetElem,
  NewSetSpec,
} from '../../kernel/netfilter/nf_tables_message.ts';
import { overlap, sameKey, touches } from '../../kernel/netfilter/nft_set.ts';
import type { NftElement, NftSet } from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { Trouble, type Place } from './trouble.ts';

/// The messages that add these elements.
export function intervalMessages(
  k: Kernel,
  message: NewSetElem,
  spec: NewSetSpec,
  parts: readonly Place[],
): (NewSetElem | DelSetElem)[] {
  if (!spec.interval) return [message];
  const { family, table, set: name } = message;
  const there =
    k.nf.tables
      .find((one) => one.family === family && one.name === table)
      ?.sets.find((one) => one.name === name)?.elements ?? [];
  const like: NftSet = { ...spec, name, handle: 0 };
  if (spec.auto_merge && spec.fields.length === 1) return merged(message, there, like);
  const taken: NftElement[] = [];
  for (const [i, element] of message.elements.entries()) {
    if (there.some((other) => overlap(like, other, element) && !sameKey(other, element)))
      throw new Trouble(parts[i]!, 'interval overlaps with an existing one');
    if (taken.some((other) => overlap(like, other, element) && !sameKey(other, element)))
      throw new Trouble(parts[i]!, 'conflicting intervals specified');
    taken.push(element);
  }
  return [message];
}

function merged(
  message: NewSetElem,
  there: readonly NftElement[],
  set: NftSet,
): (NewSetElem | DelSetElem)[] {
  let gone: NftElement[] = [];
  let made: NftElement[] = [];
  for (const element of message.elements) {
    let whole = element;
    for (;;) {
      const near = (other: NftElement): boolean => touches(set, other, whole);
      const old = there.filter((other) => !gone.includes(other) && near(other));
      const mine = made.filter(near);
      if (old.length + mine.length === 0) break;
      gone = [...gone, ...old];
      made = made.filter((other) => !mine.includes(other));
      for (const other of [...old, ...mine]) whole = union(whole, other);
    }
    made.push(whole);
  }
  const { family, table, set: name } = message;
  const names = { family, table, set: name };
  const news: NewSetElem = { ...message, elements: made };
  if (gone.length === 0) return [news];
  return [{ type: 'delsetelem', ...names, elements: gone, destroy: false }, news];
}

function union(a: NftElement, b: NftElement): NftElement {
  return {
    ...a,
    lo: a.lo[0]! < b.lo[0]! ? a.lo : b.lo,
    hi: a.hi[0]! > b.hi[0]! ? a.hi : b.hi,
  };
}
