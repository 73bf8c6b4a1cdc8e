/// Tables, chains and sets as nft lists them. Stands for src/rule.c of nftables 1.1.3.
import { isIngress } from '../../kernel/netfilter/nf_tables_api.ts';
import {
  NF_DROP,
  type NftChain,
  type NftSet,
  type NftTable,
} from '../../kernel/netfilter/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { PRIORITIES } from './blocks.ts';
import type { Listing } from './cmd.ts';
import { elementText, ruleText, type Style } from './print_rule.ts';
import { timeText } from './values.ts';

const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'];

/// Output and warnings of a list command.
export interface Listed {
  readonly out: string;
  readonly warnings: string;
}

export function listText(k: Kernel, cmd: Listing, style: Style): Listed {
  const tables = k.nf.tables.filter(
    (table) =>
      (cmd.family === '' || table.family === cmd.family) &&
      (cmd.table === '' || table.name === cmd.table),
  );
  const warned = ['ruleset', 'table', 'chain', 'chains'].includes(cmd.what);
  return {
    out: tables.map((table) => listOne(k, cmd, table, style)).join(''),
    warnings: warned ? tables.map(warning).join('') : '',
  };
}

function warning(table: NftTable): string {
  const foreign = table.chains.some((chain) =>
    chain.rules.some((rule) => rule.exprs.some((expr) => expr.xt !== undefined)),
  );
  if (!foreign) return '';
  return `# Warning: table ${table.family} ${table.name} is managed by iptables-nft, do not touch!\n`;
}

function listOne(k: Kernel, cmd: Listing, table: NftTable, style: Style): string {
  const named = table.sets.filter((set) => !set.name.startsWith('__'));
  switch (cmd.what) {
    case 'tables':
      return `table ${table.family} ${table.name}\n`;
    case 'ruleset':
    case 'table':
      return tableText(k, table, style);
    case 'chain':
      return within(
        table,
        chainText(
          k,
          table,
          table.chains.find((c) => c.name === cmd.name)!,
          style,
        ),
      );
    case 'chains':
      return within(
        table,
        table.chains.map((chain) => `${chainHead(table, chain, style)}\t}\n`).join(''),
      );
    case 'set':
    case 'map':
      return within(
        table,
        setText(
          k,
          named.find((set) => set.name === cmd.name)!,
          style,
        ),
      );
    case 'sets':
    case 'maps': {
      const kind = named.filter((set) => (set.data === '') === (cmd.what === 'sets'));
      return within(table, kind.map((set) => `${setHead(set, style)}\t}\n`).join(''));
    }
    case 'flowtables':
      return within(table, table.flowtables.map((one) => flowtableText(one, style)).join(''));
    case 'flowtable':
      return within(
        table,
        table.flowtables
          .filter((one) => one.name === cmd.name)
          .map((one) => flowtableText(one, style))
          .join(''),
      );
    default: // kinds of objects that no table here has
      return within(table, '');
  }
}

export function within(table: NftTable, inside: string): string {
  return `table ${table.family} ${table.name} {\n${inside}}\n`;
}

function tableText(k: Kernel, table: NftTable, style: Style): string {
  const handle = style.handles ? ` # handle ${table.handle}` : '';
  const comment = table.comment === '' ? '' : `\tcomment "${table.comment}"\n`;
  const parts = [
    ...table.sets.filter((set) => !set.name.startsWith('__')).map((set) => setText(k, set, style)),
    ...table.flowtables.map((one) => flowtableText(one, style)),
    ...table.chains.map((chain) => chainText(k, table, chain, style)),
  ];
  const flags = table.dormant ? '\tflags dormant\n' : '';
  const gap = table.dormant && parts.length > 0 ? '\n' : '';
  return `table ${table.family} ${table.name} {${handle}\n${flags}${comment}${gap}${parts.join('\n')}}\n`;
}

function chainHead(table: NftTable, chain: NftChain, style: Style): string {
  let text = `\tchain ${chain.name} {${style.handles ? ` # handle ${chain.handle}` : ''}\n`;
  if (chain.comment !== '') text += `\t\tcomment "${chain.comment}"\n`;
  const { base } = chain;
  if (!base) return text;
  const ingress = isIngress(table.family, base.hook);
  const hook = ingress ? 'ingress' : HOOKS[base.hook]!;
  let devices = base.devices.length === 1 ? ` device "${base.devices[0]!}"` : '';
  if (base.devices.length > 1) devices = ` devices = { ${base.devices.join(', ')} }`;
  const priority = priorityText(base.priority, table.family, hook, style);
  const policy = base.policy === NF_DROP ? 'drop' : 'accept';
  return `${text}\t\ttype ${base.type} hook ${hook}${devices} priority ${priority}; policy ${policy};\n`;
}

function chainText(k: Kernel, table: NftTable, chain: NftChain, style: Style): string {
  const rules = chain.rules.map((rule) => {
    const handle = style.handles ? ` # handle ${rule.handle}` : '';
    return `\t\t${ruleText(k, table, rule, style)}${handle}\n`;
  });
  return `${chainHead(table, chain, style)}${rules.join('')}\t}\n`;
}

/// A priority by the name of the nearest usual one, when it is within ten of it.
function priorityText(priority: number, family: string, hook: string, style: Style): string {
  const near = Object.entries(PRIORITIES).find(([, value]) => Math.abs(priority - value) <= 10);
  if (!near || style.numericPriority || !fits(near[0], family, hook)) return String(priority);
  const apart = priority - near[1];
  if (apart === 0) return near[0];
  return apart > 0 ? `${near[0]} + ${apart}` : `${near[0]} - ${-apart}`;
}

function fits(name: string, family: string, hook: string): boolean {
  if (name === 'filter') return true;
  if (family === 'netdev') return false;
  if (name === 'dstnat') return hook === 'prerouting';
  return name !== 'srcnat' || hook === 'postrouting';
}

function setHead(set: NftSet, style: Style): string {
  const what = set.data === '' ? 'set' : 'map';
  const handle = style.handles ? ` # handle ${set.handle}` : '';
  const data = set.data === '' ? '' : ` : ${set.data}`;
  const key = set.typeof === '' ? `type ${set.fields.join(' . ')}` : `typeof ${set.typeof}`;
  let text = `\t${what} ${set.name} {${handle}\n\t\t${key}${data}\n`;
  if (!set.constant && set.size > 0) text += `\t\tsize ${set.size}\n`;
  const flags = [
    set.constant ? 'constant' : '',
    set.dynamic ? 'dynamic' : '',
    set.interval ? 'interval' : '',
    set.timeout ? 'timeout' : '',
  ].filter((flag) => flag !== '');
  // A default timeout says by itself that there are timeouts.
  const redundant = set.default_timeout_ns > 0 && flags.length === 1;
  if (flags.length > 0 && !redundant) text += `\t\tflags ${flags.join(',')}\n`;
  if (set.auto_merge) text += '\t\tauto-merge\n';
  if (set.default_timeout_ns > 0) text += `\t\ttimeout ${timeText(set.default_timeout_ns / 1e6)}\n`;
  if (set.comment !== '') text += `\t\tcomment "${set.comment}"\n`;
  return text;
}

// How many elements stand on a line, by the type of the key; 1 where it is not here.
const PER_LINE: Readonly<Record<string, number>> = {
  ...{ nf_proto: 5, integer: 5, inet_proto: 5, inet_service: 5, tcp_flag: 5, mark: 5 },
  ...{ iface_index: 5, ct_dir: 5, ipv4_addr: 2, ct_state: 2, ct_status: 2, pkt_type: 2 },
};

/// A set with its elements.
export function setText(k: Kernel, set: NftSet, style: Style): string {
  const elements = set.elements.filter((one) => one.expires === 0 || one.expires > k.now);
  let text = setHead(set, style);
  if (elements.length === 0 || style.terse) return `${text}\t}\n`;
  const line = set.fields.length === 1 ? (PER_LINE[set.fields[0]!] ?? 1) : 1;
  const parts = elements.map((element, i) => {
    const sign = i === 0 ? '' : i % line === 0 ? ',\n\t\t\t     ' : ', ';
    return sign + elementText(k, set, element, style);
  });
  text += `\t\telements = { ${parts.join('')} }\n`;
  return `${text}\t}\n`;
}

function flowtableText(
  one: { name: string; handle: number; priority: number; devices: readonly string[] },
  style: Style,
): string {
  const handle = style.handles ? ` # handle ${one.handle}` : '';
  const priority = priorityText(one.priority, 'netdev', 'ingress', style);
  const devices = one.devices.length > 0 ? `\t\tdevices = { ${one.devices.join(', ')} }\n` : '';
  return `\tflowtable ${one.name} {${handle}\n\t\thook ingress priority ${priority}\n${devices}\t}\n`;
}
