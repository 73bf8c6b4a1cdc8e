/// The matches that iptables has here: their options, what they become in the kernel, and how -L shows
/// them. Stands for the extensions libxt_*.c, libipt_icmp.c and libip6t_icmp6.c, and for those of them that iptables-nft
/// writes as plain expressions (nft-shared.c).
/// Left out: every other match, and options that are not listed.
import type { NewSetSpec } from '../../kernel/netfilter/nf_tables_message.ts';
import type { NftExpr } from '../../kernel/netfilter/types.ts';
import { SERVICES } from '../nft/services.ts';
import { absent } from './fault.ts';
import { ICMPV6_CODES, ICMP_CODES, icmpName, icmpType } from './icmp_types.ts';
import { optionOf, valueOf, type Option, type Part } from './rule.ts';
import * as values from './values.ts';
import { wordTable } from '../word_table.ts';

/// What a match adds to a rule in the kernel.
export interface Made {
  readonly exprs: readonly NftExpr[];
  readonly sets: readonly NewSetSpec[];
}

export interface Match {
  /// Options by name: how a value is read. A second name leads to the first.
  readonly options: Readonly<
    Record<string, ((text: string, more: () => string) => string) | string>
  >;
  readonly proto?: number; // only with this -p
  readonly make: (part: Part, proto: number, firstSet: number) => Made;
  /// What -L shows behind the addresses.
  readonly show: (part: Part, numeric: boolean, proto: number) => string;
}

function field(
  name: string,
  { not, value }: Option,
  read: (text: string) => number = Number,
): NftExpr {
  const [low = '', high] = value.split(':');
  if (high === undefined)
    return {
      ...{ kind: 'match', field: name, mask: null, op: not ? 'neq' : 'eq' },
      ...{ value: [read(low)], prefix: -1 },
    };
  return { kind: 'range', field: name, lo: [read(low)], hi: [read(high)], not };
}

function plain(exprs: readonly NftExpr[]): Made {
  return { exprs, sets: [] };
}

function portName(text: string, numeric: boolean): string {
  if (numeric) return text;
  return Object.keys(SERVICES).find((name) => SERVICES[name] === Number(text)) ?? text;
}

function showPorts(part: Part, numeric: boolean): string {
  let text = '';
  for (const [name, short] of [
    ['sport', 'spt'],
    ['dport', 'dpt'],
  ] as const) {
    const option = optionOf(part, name);
    if (!option) continue;
    const parts = option.value.split(':').map((one) => portName(one, numeric));
    text += ` ${short}${parts.length > 1 ? 's' : ''}:${option.not ? '!' : ''}${parts.join(':')}`;
  }
  return text;
}

function ports(proto: string): (part: Part) => NftExpr[] {
  return (part) =>
    part.options
      .filter(({ name }) => name === 'sport' || name === 'dport')
      .map((option) => field(`${proto} ${option.name}`, option));
}

const PORT_OPTIONS = {
  sport: values.ports,
  'source-port': 'sport',
  dport: values.ports,
  'destination-port': 'dport',
};

const SYN_BITS = 'FIN,SYN,RST,ACK SYN';

function tcpFlags({ not, value }: Option): NftExpr {
  const [mask = '', comp = ''] = value.split(' ');
  return {
    ...{ kind: 'match', field: 'tcp flags', mask: [values.flagBits(mask)], prefix: -1 },
    ...{ op: not ? 'neq' : 'eq', value: [values.flagBits(comp)] },
  };
}

function showFlags({ not, value }: Option, numeric: boolean): string {
  const shown = value.split(' ').map((part) => {
    const bits = values.flagBits(part);
    if (!numeric) return values.flagNames(bits);
    return `0x${bits.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return ` flags:${not ? '!' : ''}${shown.join('/')}`;
}

const STATE_BITS: Readonly<Record<string, number>> = wordTable({
  ...{ INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8, UNTRACKED: 64 },
});

function stateMatch(option: string): Match {
  return {
    options: { [option]: values.states },
    make: (part) => {
      const { not, value } = optionOf(part, option)!;
      const names = value.split(',');
      const bits = names.reduce((sum, name) => sum | STATE_BITS[name]!, 0);
      const text = `ct state ${not ? '! ' : ''}${names.map((name) => name.toLowerCase()).join(',')}`;
      return plain([{ kind: 'flags', field: 'ct state', bits, not, xt: text }]);
    },
    show: (part) => {
      const { not, value } = optionOf(part, option)!;
      return ` ${not ? '! ' : ''}${option} ${value}`;
    },
  };
}

function multiportSet(list: readonly string[]): NewSetSpec {
  return {
    ...{ fields: ['inet_service'], data: '', interval: list.some((one) => one.includes(':')) },
    ...{ constant: true, timeout: false, dynamic: false, auto_merge: false, default_timeout_ns: 0 },
    ...{ typeof: '', size: 0, comment: '' },
    elements: list
      .map((one) => one.split(':').map(Number))
      .sort((a, b) => a[0]! - b[0]!)
      .map(([low = 0, high = low]) => ({
        ...{ lo: [low], hi: [high], catchall: false, data: [], verdict: null },
        ...{ timeout_ns: 0, expires: 0, comment: '' },
      })),
  };
}

const PROTO_NAMES: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };

function multiport(part: Part, proto: number, firstSet: number): Made {
  const option = part.options[0]!;
  const name = PROTO_NAMES[proto];
  if (name === undefined) throw absent('iptables: multiport with other protocols than tcp and udp');
  const key = `${name} ${option.name.slice(0, -1)}`;
  const list = option.value.split(',');
  const shown = list.map((one) => one.replace(':', '-'));
  const sign = option.not ? '!= ' : '';
  const text = list.length > 1 ? `{ ${shown.join(', ')} }` : shown[0]!;
  const xt = `${key} ${sign}${text}`;
  if (list.length === 1) return plain([{ ...field(key, option), xt }]);
  return {
    exprs: [{ kind: 'lookup', fields: [key], set: `%${firstSet}`, not: option.not, xt }],
    sets: [multiportSet(list)],
  };
}

function macNumbers(text: string): number[] {
  return [
    Number.parseInt(text.slice(0, 2) + text.slice(3, 5), 16),
    Number.parseInt(text.slice(6).replaceAll(':', ''), 16),
  ];
}

// As nft names them: router and neighbour messages in its own way. extensions/libip6t_icmp6.c
const ND_NAMES: Readonly<Record<string, string>> = wordTable({
  ...{ 133: 'nd-router-solicit', 134: 'nd-router-advert', 135: 'nd-neighbor-solicit' },
  ...{ 136: 'nd-neighbor-advert', 137: 'nd-redirect' },
});

// The match of one of the two protocols. nft shows one that it has no words for by its name alone.
function icmpMatch(six: boolean): Match {
  const codes = six ? ICMPV6_CODES : ICMP_CODES;
  const option = six ? 'icmpv6-type' : 'icmp-type';
  const [key, match, shown] = six ? ['icmpv6', 'icmp6', ' ipv6-icmp'] : ['icmp', 'icmp', ' icmp'];
  return {
    proto: six ? 58 : 1,
    options: { [option]: (text) => icmpType(codes, six ? 'ICMPv6' : 'ICMP', text) },
    make: (part) => {
      const { value, not } = optionOf(part, option)!;
      if (value === 'any') return plain([]);
      const [type = '', code] = value.split('/');
      if (not && code !== undefined) throw absent(`iptables: ! --${option} with a code`);
      const words = (six ? ND_NAMES[type] : '') || icmpName(codes, type);
      const xt =
        code === undefined && words !== '' ? `${key} type ${not ? '!= ' : ''}${words}` : '';
      const raw = `xt match "${match}"`;
      const exprs: NftExpr[] = [
        { ...field(`${key} type`, { name: '', not, value: type }), xt: xt || raw },
      ];
      if (code !== undefined)
        exprs.push({ ...field(`${key} code`, { name: '', not, value: code }), xt: '' });
      return plain(exprs);
    },
    show: (part, numeric) => {
      const { not, value } = optionOf(part, option)!;
      const name = numeric ? '' : value === 'any' ? 'any' : icmpName(codes, value);
      if (name !== '') return `${shown} ${not ? '!' : ''}${name}`;
      const [type = '', code] = (value === 'any' ? '255' : value).split('/');
      return `${shown}${not ? ' !' : ''}type ${type}${code === undefined ? '' : ` code ${code}`}`;
    },
  };
}

export const MATCHES: Readonly<Record<string, Match>> = wordTable({
  tcp: {
    proto: 6,
    options: {
      ...PORT_OPTIONS,
      'tcp-flags': (text, more) =>
        `${values.flagNames(values.flagBits(text))} ${values.flagNames(values.flagBits(more()))}`,
    },
    make: (part) => {
      const flags = optionOf(part, 'tcp-flags');
      return plain([...ports('tcp')(part), ...(flags ? [tcpFlags(flags)] : [])]);
    },
    show: (part, numeric) => {
      const flags = optionOf(part, 'tcp-flags');
      return ` tcp${showPorts(part, numeric)}${flags ? showFlags(flags, numeric) : ''}`;
    },
  },
  udp: {
    proto: 17,
    options: PORT_OPTIONS,
    make: (part) => plain(ports('udp')(part)),
    show: (part, numeric) => ` udp${showPorts(part, numeric)}`,
  },
  icmp: icmpMatch(false),
  icmp6: icmpMatch(true),
  multiport: {
    options: {
      sports: values.portList,
      'source-ports': 'sports',
      dports: values.portList,
      'destination-ports': 'dports',
    },
    make: multiport,
    show: (part, numeric) => {
      const { name, not, value } = part.options[0]!;
      const list = value.split(',').map((one) => portName(one, numeric));
      return ` multiport ${name} ${not ? ' !' : ''}${list.join(',')}`;
    },
  },
  conntrack: stateMatch('ctstate'),
  state: stateMatch('state'),
  limit: {
    options: {
      limit: values.rate,
      'limit-burst': (text) => String(values.number('limit-burst', text, 10_000)),
    },
    make: (part) => {
      const [count, unit] = values.rateParts(valueOf(part, 'limit') || '3/hour');
      const burst = Number(valueOf(part, 'limit-burst') || 5);
      return plain([{ kind: 'limit', rate: count, unit, burst, bytes: false, over: false }]);
    },
    show: (part) =>
      ` limit: avg ${valueOf(part, 'limit') || '3/hour'} burst ${valueOf(part, 'limit-burst') || 5}`,
  },
  mark: {
    options: {
      mark: (text) => {
        const [value, mask] = values.mark('mark', text);
        return values.hex(value) + (mask === 0xffff_ffff ? '' : `/${values.hex(mask)}`);
      },
    },
    make: (part) => {
      const { not, value } = optionOf(part, 'mark')!;
      const [wanted, mask] = values.mark('mark', value);
      return plain([
        {
          ...{ kind: 'match', field: 'meta mark', op: not ? 'neq' : 'eq', value: [wanted] },
          ...{ mask: mask === 0xffff_ffff ? null : [mask], prefix: -1 },
        },
      ]);
    },
    show: (part) => {
      const { not, value } = optionOf(part, 'mark')!;
      return ` mark match${not ? ' !' : ''} ${value}`;
    },
  },
  mac: {
    options: {
      'mac-source': (text) => {
        if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) throw absent(`iptables: MAC ${text}`);
        return text.toLowerCase();
      },
    },
    make: (part) => {
      const { not, value } = optionOf(part, 'mac-source')!;
      const xt = `ether saddr ${not ? '!= ' : ''}${value}`;
      const words = macNumbers(value);
      return plain([
        {
          ...{ kind: 'match', field: 'ether saddr', mask: null, prefix: -1, xt },
          ...{ op: not ? 'neq' : 'eq', value: words },
        },
      ]);
    },
    show: (part) => {
      const { not, value } = optionOf(part, 'mac-source')!;
      return ` MAC${not ? ' !' : ''} ${value}`;
    },
  },
  comment: {
    options: { comment: (text) => text },
    make: () => plain([]),
    show: (part) => ` /* ${valueOf(part, 'comment')} */`,
  },
});

/// `--syn` is short for these flags.
export const SYN_OPTION = SYN_BITS;

/// Matches that iptables has and this host has not.
export const ABSENT_MATCHES =
  'addrtype ah bpf cgroup cluster connbytes connlabel connlimit connmark cpu dccp devgroup dscp ecn esp hashlimit helper ipcomp iprange ipvs length nfacct osf owner physdev pkttype policy quota rateest realm recent rpfilter sctp set socket statistic string tcpmss time tos ttl u32'.split(
    ' ',
  );

/// A match by the name that is typed; undefined: this program has none of that name.
/// libxtables/xtables.c:xtables_find_match()
export function matchNamed(name: string, six: boolean): [name: string, match: Match] | undefined {
  const own = six && (name === 'icmpv6' || name === 'ipv6-icmp') ? 'icmp6' : name;
  if (own === (six ? 'icmp' : 'icmp6')) return undefined;
  const match = MATCHES[own];
  return match && [own, match];
}
