/// A rule as iptables knows it, kept with the rule in the kernel so that it can be shown again.

/// One option of a match or target, with its value as `iptables -S` writes it.
export interface Option {
  readonly name: string;
  readonly not: boolean;
  readonly value: string;
}

export interface Part {
  readonly name: string; // of the match: udp, conntrack, ...
  readonly options: readonly Option[];
}

export interface Address {
  readonly addr: string; // of the family; '' none given
  readonly bits: number; // prefix length
  readonly not: boolean;
}

export interface Iface {
  readonly name: string; // '' any; a trailing + matches any ending
  readonly not: boolean;
}

export interface Rule {
  readonly src: Address;
  readonly dst: Address;
  readonly in: Iface;
  readonly out: Iface;
  readonly proto: number; // 0: all
  readonly notProto: boolean;
  readonly matches: readonly Part[];
  readonly target: string; // '' none
  readonly goto: boolean;
  readonly options: readonly Option[]; // of the target
}

export const NO_ADDRESS: Address = { addr: '', bits: 0, not: false };

export function optionOf(
  part: { readonly options: readonly Option[] },
  name: string,
): Option | undefined {
  return part.options.find((option) => option.name === name);
}

export function valueOf(part: { readonly options: readonly Option[] }, name: string): string {
  return optionOf(part, name)?.value ?? '';
}
