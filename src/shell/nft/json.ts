/// nft -j: tables, chains and sets without elements, as JSON with the spaces that jansson writes.
/// Left out: rules and elements; they say so.
import type { NftTable } from '../../kernel/netfilter/types.ts';
import { NF_DROP } from '../../kernel/netfilter/types.ts';
import { isIngress } from '../../kernel/netfilter/nf_tables_api.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Listing } from './cmd.ts';
import { Absent } from './trouble.ts';

type Json = string | number | readonly Json[] | { readonly [key: string]: Json };

const METAINFO: Json = {
  metainfo: { version: '1.1.3', release_name: 'Commodore Bullmoose #4', json_schema_version: 1 },
};
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'];

/// The line that a list command prints.
export function listJson(k: Kernel, cmd: Listing): string {
  const tables = k.nf.tables.filter(
    (table) =>
      (cmd.family === '' || table.family === cmd.family) &&
      (cmd.table === '' || table.name === cmd.table),
  );
  const rows = tables.flatMap((table) => rowsOf(cmd, table));
  return `${spaced({ nftables: [METAINFO, ...rows] })}\n`;
}

function rowsOf(cmd: Listing, table: NftTable): Json[] {
  const { family, name, handle } = table;
  const own: Json = { table: { family, name, handle } };
  if (cmd.what === 'tables') return [own];
  const chains = table.chains.map((chain): Json => {
    const row = { family, table: name, name: chain.name, handle: chain.handle };
    const { base } = chain;
    if (!base) return { chain: row };
    const hook = isIngress(family, base.hook) ? 'ingress' : HOOKS[base.hook]!;
    const policy = base.policy === NF_DROP ? 'drop' : 'accept';
    const dev = base.devices.length === 1 ? { dev: base.devices[0]! } : {};
    return { chain: { ...row, type: base.type, hook, prio: base.priority, policy, ...dev } };
  });
  if (cmd.what === 'chains') return chains;
  const empty =
    table.sets.length + table.flowtables.length === 0 &&
    table.chains.every((chain) => chain.rules.length === 0);
  if ((cmd.what === 'ruleset' || cmd.what === 'table') && empty) return [own, ...chains];
  throw new Absent(`nft -j list ${cmd.what}: rules and elements as JSON`);
}

function spaced(value: Json): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(spaced).join(', ')}]`;
  const parts = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`);
  return `{${parts.join(', ')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
