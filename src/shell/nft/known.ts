/// What nft itself knows of the ruleset while it goes through its commands: the names in the kernel, and those that
/// earlier commands of the same run will have made. Stands for src/cache.c and the lookups of
/// src/evaluate.c in nftables 1.1.3.
import type { NftMessage, NewSetSpec } from '../../kernel/netfilter/nf_tables_message.ts';
import type { Kernel } from '../../kernel/state.ts';
import { nearest } from './fuzzy.ts';

interface KnownTable {
  readonly family: string;
  readonly name: string;
  readonly chains: string[];
  readonly sets: { name: string; spec: NewSetSpec }[];
}

const ENOENT = 'No such file or directory';

export class Known {
  tables: KnownTable[];

  constructor(k: Kernel) {
    this.tables = k.nf.tables.map((table) => ({
      family: table.family,
      name: table.name,
      chains: table.chains.map((chain) => chain.name),
      sets: table.sets.map((set) => ({ name: set.name, spec: set })),
    }));
  }

  table(family: string, name: string): KnownTable | undefined {
    return this.tables.find((table) => table.family === family && table.name === name);
  }

  chain(family: string, table: string, name: string): boolean {
    return this.table(family, table)?.chains.includes(name) ?? false;
  }

  set(family: string, table: string, name: string): NewSetSpec | undefined {
    return this.table(family, table)?.sets.find((set) => set.name === name)?.spec;
  }

  /// Takes in what a message will have done.
  after(message: NftMessage): void {
    if (message.type === 'deltable') {
      this.tables = this.tables.filter(
        (table) =>
          (message.family !== '' && table.family !== message.family) ||
          (message.table !== '' && table.name !== message.table),
      );
      return;
    }
    const { family, table: name } = message;
    const table = this.table(family, name);
    if (message.type === 'newtable' && !table)
      this.tables.push({ family, name, chains: [], sets: [] });
    if (!table) return;
    if (message.type === 'newchain' && !table.chains.includes(message.chain))
      table.chains.push(message.chain);
    if (message.type === 'newset' && !this.set(family, name, message.set))
      table.sets.push({ name: message.set, spec: message.spec });
  }

  /// What to say of a table that is not there.
  noTable(name: string): string {
    const at = nearest(
      this.tables.map((table) => table.name),
      name,
    );
    const found = this.tables[at];
    return found
      ? `${ENOENT}; did you mean table '${found.name}' in family ${found.family}?`
      : ENOENT;
  }

  noChain(name: string): string {
    const all = this.tables.flatMap((table) => table.chains.map((chain) => ({ table, chain })));
    const found =
      all[
        nearest(
          all.map(({ chain }) => chain),
          name,
        )
      ];
    if (!found) return ENOENT;
    const { table, chain } = found;
    return `${ENOENT}; did you mean chain '${chain}' in table ${table.family} '${table.name}'?`;
  }

  noSet(name: string): string {
    const all = this.tables
      .flatMap((table) => table.sets.map((set) => ({ table, set })))
      .filter(({ set }) => !set.name.startsWith('__'));
    const found =
      all[
        nearest(
          all.map(({ set }) => set.name),
          name,
        )
      ];
    if (!found) return ENOENT;
    const { table, set } = found;
    const what = set.spec.data === '' ? 'set' : 'map';
    return `${ENOENT}; did you mean ${what} '${set.name}' in table ${table.family} '${table.name}'?`;
  }
}
