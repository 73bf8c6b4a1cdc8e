/// What a program must be before it is loaded. Stands for kernel/bpf/verifier.c as far as rules can offend it:
/// the errnos are the verifier's for the like offence in byte code, the sentences are ours.
/// Left out: everything about registers, pointers and types, which rules do not have.
import type { ErrnoName } from '../errno.ts';
import type { MapKey, MapSpec } from './maps.ts';
import {
  FIELD,
  GOTO_RULE,
  IN_MAP,
  META_FOUND,
  NEXT_RULE,
  XDP_REDIRECT,
  type ProgType,
  type XdpMatch,
  type XdpRule,
} from './types.ts';

const MOST_RULES = 4096; // BPF_MAXINSNS, taken for rules
const MOST_ENTRIES = 65_536; // ours: a map is part of every snapshot of the host

/// A program as its source describes it; maps are meant by name.
export interface ProgramDraft {
  readonly name: string;
  readonly section: string;
  readonly gpl: boolean;
  readonly maps: readonly MapSpec[];
  readonly entries: readonly DraftEntry[];
  readonly rules: readonly DraftRule[];
  /// What a compiled object has: its tag, and the bytes of its code before and after the JIT, 0 where not known.
  readonly object: { readonly tag: string; readonly xlated: number; readonly jited: number } | null;
}

/// An element that the loader writes before the program runs.
export interface DraftEntry extends MapKey {
  readonly line: number;
  readonly map: string;
  readonly value: number;
}

export interface DraftRule {
  readonly line: number; // in the source
  readonly label: string; // '' none
  readonly matches: readonly (Omit<XdpMatch, 'map'> & { readonly map: string })[];
  readonly count: { readonly map: string; readonly key: number } | null;
  readonly verdict: number;
  readonly goto: string;
  readonly meta: { readonly len: number; readonly word: number; readonly fails: number } | null;
  readonly mark: number; // KEEP_MARK, MARK_FROM_META or a value
  readonly speaks: ProgType | null; // which kind of program has such a rule; null: both
  readonly redirect: {
    readonly map: string;
    readonly key: number;
    readonly fallback: number;
  } | null;
}

export interface Rejected {
  readonly errno: ErrnoName;
  readonly log: string;
}

/// What kind of program a section holds, by libbpf's names of sections.
export function typeOf({ section }: Pick<ProgramDraft, 'section'>): ProgType {
  return /^(tc|classifier)(\/.*)?$/.test(section) ? 'sched_cls' : 'xdp';
}

/// The rules of a draft, checked and frozen, and the token buckets they need; or why the program is refused.
export function verify(
  draft: ProgramDraft,
): { rules: readonly XdpRule[]; buckets: number[] } | Rejected {
  if (draft.rules.length > MOST_RULES)
    return reject('E2BIG', `${draft.rules.length} rules, ${MOST_RULES} at most`);
  for (const map of draft.maps)
    if (map.max_entries < 1) return reject('EINVAL', `map ${map.name} has no entries`);
    else if (map.max_entries > MOST_ENTRIES)
      return reject(
        'ENOMEM',
        `map ${map.name}: more than ${MOST_ENTRIES} entries are not modelled`,
      );
  const buckets: number[] = [];
  const rules: XdpRule[] = [];
  for (const [i, rule] of draft.rules.entries()) {
    const wrong = offence(draft, rule, i);
    if (wrong) return reject(wrong.errno, `rule ${i} (line ${rule.line}): ${wrong.log}`);
    rules.push(compiled(draft, rule, buckets));
  }
  if (!rules.length || !isExit(draft.rules.at(-1)!))
    return reject('EINVAL', 'the last rule does not decide about every frame');
  return { rules: Object.freeze(rules), buckets };
}

function reject(errno: ErrnoName, log: string): Rejected {
  return { errno, log };
}

function isExit(rule: DraftRule): boolean {
  return rule.matches.length === 0 && rule.verdict !== NEXT_RULE && rule.verdict !== GOTO_RULE;
}

function offence(draft: ProgramDraft, rule: DraftRule, i: number): Rejected | null {
  const before = draft.rules[i - 1];
  const jumped = draft.rules.slice(0, i).some((one) => one.goto !== '' && one.goto === rule.label);
  if (before && before.matches.length === 0 && before.verdict !== NEXT_RULE && !jumped)
    return reject('EINVAL', 'unreachable');
  return (
    contextOffence(draft, rule) ??
    matchOffence(draft, rule) ??
    countOffence(draft, rule) ??
    jumpOffence(draft, rule, i) ??
    redirectOffence(draft, rule)
  );
}

/// What the context of the program's type does not have: bpf_xdp_is_valid_access(), tc_cls_act_is_valid_access().
function contextOffence(draft: ProgramDraft, rule: DraftRule): Rejected | null {
  const type = typeOf(draft);
  const skbOnly = (match: { field: number }) =>
    match.field === FIELD.MARK || match.field === FIELD.META;
  if (type === 'xdp' && (rule.speaks === 'sched_cls' || rule.matches.some(skbOnly)))
    return reject('EACCES', 'invalid bpf_context access: struct xdp_md has no mark');
  if (type === 'sched_cls' && rule.speaks === 'xdp')
    return reject('EINVAL', 'a classifier has no verdicts, redirects or metadata of XDP');
  if (rule.meta !== null && rule.meta.len < 4)
    return reject('EACCES', 'invalid access to packet: a word of metadata has 4 bytes');
  if (rule.meta?.word !== META_FOUND) return null;
  const finds = rule.matches.some((match) => match.how === IN_MAP && !match.not);
  return finds ? null : reject('EACCES', 'no look-up in this rule that could have found a value');
}

function matchOffence(draft: ProgramDraft, rule: DraftRule): Rejected | null {
  for (const match of rule.matches) {
    const map = match.map === '' ? null : draft.maps.find((one) => one.name === match.map);
    if (map === undefined) return reject('EBADF', `no map ${match.map}`);
    if (map === null) continue;
    if (map.type !== 'hash' && map.type !== 'lpm_trie' && map.type !== 'array')
      return reject('EINVAL', `no look-up in a ${map.type}`);
    if (map.ipv6 && match.field !== FIELD.SRC && match.field !== FIELD.DST)
      return reject('EACCES', `${map.name} has keys of 16 bytes: only addresses are`);
  }
  return null;
}

function countOffence(draft: ProgramDraft, { count }: DraftRule): Rejected | null {
  if (count === null) return null;
  const map = draft.maps.find((one) => one.name === count.map);
  if (!map) return reject('EBADF', `no map ${count.map}`);
  if (map.type !== 'array' && map.type !== 'percpu_array' && map.type !== 'hash')
    return reject('EINVAL', `no counter in a ${map.type}`);
  if (map.type !== 'hash' && count.key >= map.max_entries)
    return reject('EACCES', `${map.name}[${count.key}] is outside of ${map.max_entries} entries`);
  return null;
}

function jumpOffence(draft: ProgramDraft, rule: DraftRule, i: number): Rejected | null {
  if (rule.verdict !== GOTO_RULE) return null;
  const to = draft.rules.findIndex((one) => one.label === rule.goto);
  if (to < 0) return reject('EINVAL', `jump out of range: no label ${rule.goto}`);
  return to <= i ? reject('EINVAL', `infinite loop detected: back to rule ${to}`) : null;
}

function redirectOffence(draft: ProgramDraft, { redirect }: DraftRule): Rejected | null {
  if (redirect === null) return null;
  const map = draft.maps.find((one) => one.name === redirect.map);
  if (!map) return reject('EBADF', `no map ${redirect.map}`);
  return map.type === 'devmap' || map.type === 'cpumap' || map.type === 'xskmap'
    ? null
    : reject('EINVAL', `cannot pass map_type ${map.type} into func bpf_redirect_map`);
}

function compiled(draft: ProgramDraft, rule: DraftRule, buckets: number[]): XdpRule {
  const index = (name: string): number => draft.maps.findIndex((one) => one.name === name);
  const matches = rule.matches.map((match) => {
    const bucket = buckets.length / 2;
    if (match.field === FIELD.RATE) buckets.push(match.b, 0);
    const map = match.field === FIELD.RATE ? bucket : index(match.map);
    const six = match.how === IN_MAP && draft.maps[map]?.ipv6 === true;
    const field = !six ? match.field : match.field === FIELD.SRC ? FIELD.SRC6 : FIELD.DST6;
    return Object.freeze({ ...match, field, map });
  });
  return Object.freeze({
    matches: Object.freeze(matches),
    count_map: rule.count === null ? -1 : index(rule.count.map),
    count_key: rule.count?.key ?? 0,
    verdict: rule.redirect === null ? rule.verdict : XDP_REDIRECT,
    goto: rule.goto === '' ? -1 : draft.rules.findIndex((one) => one.label === rule.goto),
    map: rule.redirect === null ? -1 : index(rule.redirect.map),
    key: rule.redirect?.key ?? 0,
    fallback: rule.redirect?.fallback ?? 0,
    meta_len: rule.meta?.len ?? 0,
    meta: rule.meta?.word ?? 0,
    meta_fails: rule.meta?.fails ?? 0,
    mark: rule.mark,
  });
}
