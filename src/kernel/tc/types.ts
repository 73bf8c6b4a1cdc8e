/// Ingress classification as the state holds it: a device's ingress or clsact discipline, its chains of filters,
/// and the actions, which filters may share.

/// Verdicts: TC_ACT_* of include/uapi/linux/pkt_cls.h.
export const TC_ACT = Object.freeze({
  UNSPEC: -1,
  OK: 0,
  RECLASSIFY: 1,
  SHOT: 2,
  PIPE: 3,
  STOLEN: 4,
  TRAP: 8,
  JUMP: 0x1000_0000, // TC_ACT_EXT_VAL: the actions to jump over are in the low bits
  GOTO_CHAIN: 0x2000_0000, // and so is the chain
});

export interface TcState {
  actions: TcAction[]; // in order of creation; one without users is taken out
  indices: Record<string, number>; // by kind: index given out last
}

export interface TcIngress {
  readonly kind: 'ingress' | 'clsact';
  readonly ingress: TcBlock;
  readonly egress: TcBlock; // clsact only; nothing passes it
}

export interface TcBlock {
  bytes: number; // seen by the discipline
  packets: number;
  drops: number;
  chains: TcChain[]; // in order of number
}

export interface TcChain {
  readonly index: number;
  protos: TcProto[]; // in order of priority
}

/// struct tcf_proto: the filters of one priority, which have one kind and one protocol.
export interface TcProto {
  readonly prio: number; // 1 to 65535
  readonly protocol: number; // EtherType; 3: all
  readonly kind: TcFilterKind;
  next_handle: number;
  filters: TcFilter[];
}

export type TcFilterKind = 'u32' | 'flower' | 'matchall' | 'basic' | 'fw' | 'bpf';

export interface TcFilter {
  readonly handle: number;
  classid: number; // 0: none
  match: TcMatch;
  actions: number[]; // ids of actions, in order
  skip_hw: boolean;
  pcnt: number; // u32: packets that came by the filter, and that it took
  hits: number;
  in_hw: boolean;
}

export type TcMatch =
  | { readonly kind: 'u32'; readonly keys: readonly U32Key[] }
  | { readonly kind: 'flower'; readonly key: FlowerKey }
  | { readonly kind: 'matchall' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'fw'; readonly mark: number; readonly mask: number }
  | { readonly kind: 'bpf'; readonly prog: number; readonly name: string }; // index into BpfState.progs; object:[section]

export interface U32Key {
  readonly val: number; // network order as a number, unsigned
  readonly mask: number;
  readonly off: number; // bytes from the network header
  readonly nexthdr: boolean; // at nexthdr+: key->offmask
}

/// Fields that flower compares; one that is absent is not compared.
export interface FlowerKey {
  readonly eth_type?: number;
  readonly vlan_id?: number;
  readonly vlan_prio?: number;
  readonly dst_mac?: string;
  readonly src_mac?: string;
  readonly ip_proto?: number;
  readonly src_ip?: Prefix;
  readonly dst_ip?: Prefix;
  readonly src_port?: Range;
  readonly dst_port?: Range;
  readonly tcp_flags?: Masked;
  readonly ip_tos?: Masked;
  readonly ip_ttl?: Masked;
  readonly icmp_type?: number;
  readonly icmp_code?: number;
}

export interface Prefix {
  readonly address: number;
  readonly bits: number;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface Masked {
  readonly value: number;
  readonly mask: number;
}

/// struct tc_action with its statistics.
export interface TcAction {
  readonly id: number; // names it in filters
  readonly index: number; // per kind, as tc shows it
  spec: TcActionSpec;
  control: number; // TC_ACT_*: what follows when the action itself does not decide
  refcnt: number; // users, bound filters included
  bindcnt: number;
  bytes: number;
  packets: number;
  drops: number;
  overlimits: number;
  installed: number; // ns
  used: number; // ns
  first_used: number; // ns; -1: never
  police: PoliceState | null;
}

export type TcActionSpec =
  | { readonly kind: 'gact' }
  | {
      readonly kind: 'mirred';
      readonly redirect: boolean;
      readonly ingress: boolean;
      readonly ifindex: number;
    }
  | {
      readonly kind: 'police';
      readonly rate: number; // bytes a second; 0: none
      readonly burst: number; // bytes
      readonly mtu: number; // bytes
      readonly peakrate: number; // bytes a second; 0: none
      readonly overhead: number;
      readonly exceed: number; // TC_ACT_*
      readonly conform: number; // TC_ACT_*; OK unless said otherwise
    }
  | {
      readonly kind: 'skbedit';
      readonly mark: Masked | null;
      readonly priority: number | null;
      readonly queue: number | null;
      readonly ptype: string | null;
    }
  | {
      readonly kind: 'vlan';
      readonly action: 'pop' | 'push' | 'modify';
      readonly id: number;
      readonly prio: number; // -1: not said
    };

/// The token bucket of act_police.
export interface PoliceState {
  readonly tcfp_burst: number; // ns
  readonly tcfp_mtu_ptoks: number; // ns
  tcfp_toks: number; // ns
  tcfp_ptoks: number; // ns
  tcfp_t_c: number; // ns
}

export function createBlock(): TcBlock {
  return { bytes: 0, packets: 0, drops: 0, chains: [] };
}
