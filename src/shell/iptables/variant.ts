/// iptables and ip6tables: the same program for two families.

export interface Variant {
  readonly program: 'iptables' | 'ip6tables';
  readonly family: 'ip' | 'ip6';
  readonly six: boolean;
  readonly bits: number; // of an address
}

export const IPTABLES: Variant = { program: 'iptables', family: 'ip', six: false, bits: 32 };
export const IP6TABLES: Variant = { program: 'ip6tables', family: 'ip6', six: true, bits: 128 };
