/// Elements of interval sets before they go to the kernel: what overlaps is refused, or with auto-merge put together.
/// Stands for src/intervals.c of nftables 1.1.3.
/// Left out: merging of IPv6 addresses and of concatenations.
import type {
  DelSetElem,
  NewSetElem,
  NewSetSpec,
} from '../../kernel/netfilter/nf_tables_message.ts';
import {
  insertElement,
  overlapping,
  placeOf,
  sameKey,
  touches,
} from '../../kernel/netfilter/nft_set.ts';
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
  const old = { ...like, elements: [...there] };
  const taken = { ...like, elements: [] };
  for (const [i, element] of message.elements.entries()) {
    if (clashes(old, element))
      throw new Trouble(parts[i]!, 'interval overlaps with an existing one');
    if (clashes(taken, element)) throw new Trouble(parts[i]!, 'conflicting intervals specified');
    insertElement(taken, element);
  }
  return [message];
}

function clashes(set: NftSet, element: NftElement): boolean {
  const other = overlapping(set, element);
  return other !== undefined && !sameKey(other, element);
}

function merged(
  message: NewSetElem,
  there: readonly NftElement[],
  like: NftSet,
): (NewSetElem | DelSetElem)[] {
  const old = { ...like, elements: [...there] };
  const made = { ...like, elements: [] };
  const gone: NftElement[] = [];
  for (const element of message.elements) {
    let whole = element;
    for (;;) {
      const given = takeNear(old, whole);
      const near = [...given, ...takeNear(made, whole)];
      if (near.length === 0) break;
      gone.push(...given);
      for (const other of near) whole = union(whole, other);
    }
    insertElement(made, whole);
  }
  const { family, table, set: name } = message;
  const names = { family, table, set: name };
  const news: NewSetElem = { ...message, elements: made.elements };
  if (gone.length === 0) return [news];
  return [{ type: 'delsetelem', ...names, elements: gone, destroy: false }, news];
}

// Takes out what an element can be put together with: it lies side by side in the order of keys.
function takeNear(set: NftSet, element: NftElement): NftElement[] {
  const { elements } = set;
  let first = placeOf(set, element);
  let last = first;
  while (first > 0 && touches(set, elements[first - 1]!, element)) first--;
  while (last < elements.length && touches(set, elements[last]!, element)) last++;
  return elements.splice(first, last - first);
}

function union(a: NftElement, b: NftElement): NftElement {
  return {
    ...a,
    lo: a.lo[0]! < b.lo[0]! ? a.lo : b.lo,
    hi: a.hi[0]! > b.hi[0]! ? a.hi : b.hi,
  };
}
