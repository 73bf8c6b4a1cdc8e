/// Names of ICMP types, as iptables reads and shows them. Stands for extensions/libxt_icmp.h.
import { badParameter } from './fault.ts';

/// A type with its codes: one, or all.
interface Name {
  readonly name: string;
  readonly type: number;
  readonly code: number; // -1: all
}

function names(rows: readonly (readonly [name: string, type: number, code?: number])[]): Name[] {
  return rows.map(([name, type, code = -1]) => ({ name, type, code }));
}

export const ICMP_CODES: readonly Name[] = names([
  ['any', 255],
  ['echo-reply', 0],
  ['pong', 0],
  ['destination-unreachable', 3],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['TOS-network-unreachable', 3, 11],
  ['TOS-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4],
  ['redirect', 5],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['TOS-network-redirect', 5, 2],
  ['TOS-host-redirect', 5, 3],
  ['echo-request', 8],
  ['ping', 8],
  ['router-advertisement', 9],
  ['router-solicitation', 10],
  ['time-exceeded', 11],
  ['ttl-exceeded', 11],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['parameter-problem', 12],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13],
  ['timestamp-reply', 14],
  ['address-mask-request', 17],
  ['address-mask-reply', 18],
]);

export const ICMPV6_CODES: readonly Name[] = names([
  ['destination-unreachable', 1],
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2],
  ['time-exceeded', 3],
  ['ttl-exceeded', 3],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['parameter-problem', 4],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128],
  ['ping', 128],
  ['echo-reply', 129],
  ['pong', 129],
  ['mld-listener-query', 130],
  ['mld-listener-report', 131],
  ['mld-listener-done', 132],
  ['mld-listener-reduction', 132],
  ['router-solicitation', 133],
  ['router-advertisement', 134],
  ['neighbour-solicitation', 135],
  ['neighbor-solicitation', 135],
  ['neighbour-advertisement', 136],
  ['neighbor-advertisement', 136],
  ['redirect', 137],
]);

/// A type by name (which may be cut short) or number, as it is written: `3/3`, `8`, or `any`.
/// extensions/libxt_icmp.h:__parse_icmp()
export function icmpType(codes: readonly Name[], kind: string, text: string): string {
  const low = text.toLowerCase();
  const [one, other] = codes.filter(({ name }) => name.toLowerCase().startsWith(low));
  if (one && other)
    throw badParameter(`Ambiguous ${kind} type \`${text}': \`${one.name}' or \`${other.name}'?`);
  if (one) return one.type === 255 ? 'any' : `${one.type}${one.code < 0 ? '' : `/${one.code}`}`;
  const [type = '', code] = text.split('/');
  const number = (word: string): boolean => /^\d{1,3}$/.test(word) && Number(word) <= 255;
  if (!number(type)) throw badParameter(`Unknown ${kind} type \`${text}'`);
  if (code !== undefined && !number(code)) throw badParameter(`Unknown ${kind} code \`${text}'`);
  return text;
}

/// The name of a type with its code; '' when it has none.
export function icmpName(codes: readonly Name[], value: string): string {
  const [type = '', code] = value.split('/');
  const wanted = code === undefined ? -1 : Number(code);
  return codes.find((one) => one.type === Number(type) && one.code === wanted)?.name ?? '';
}
