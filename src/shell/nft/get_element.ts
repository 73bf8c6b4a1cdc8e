/// nft get element: the elements of a set that hold what was asked for.
import { strerror } from '../../kernel/errno.ts';
import { compareKeys, nft_set_do_lookup } from '../../kernel/netfilter/nft_set.ts';
import type { NftElement, NftSet } from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { ElementChange } from './cmd.ts';
import { Cursor } from './cursor.ts';
import { typesOf } from './evaluate.ts';
import { readElements } from './expressions.ts';
import { setText, within } from './print_ruleset.ts';
import type { Style } from './print_rule.ts';
import { Trouble } from './trouble.ts';

/// The text that is printed. Throws Trouble where an element is not there.
export function getElements(k: Kernel, cmd: ElementChange, style: Style): string {
  const table = k.nf.tables.find((one) => one.family === cmd.family && one.name === cmd.table);
  const set = table?.sets.find((one) => one.name === cmd.set);
  if (!table || !set) throw new Trouble(cmd.whole, `Could not process rule: ${strerror('ENOENT')}`);
  const read = readElements(k, new Cursor(cmd.tokens), typesOf(set.fields), '');
  const found = read.elements.map((element, i) => {
    const there = holder(k, set, element);
    if (there) return there;
    throw new Trouble(read.places[i]!, `Could not process rule: ${strerror('ENOENT')}`);
  });
  return within(table, setText(k, { ...set, elements: found }, style));
}

function holder(k: Kernel, set: NftSet, element: NftElement): NftElement | undefined {
  const n = element.lo.length;
  const found = set.elements[nft_set_do_lookup(set, element.lo, n, k.now)];
  return found && compareKeys(element.hi, found.hi, n) <= 0 ? found : undefined;
}
