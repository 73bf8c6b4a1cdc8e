/// What a device stands on and what stands on it: VLAN, bridge, bond, macvlan, veth.
/// The devices themselves are made in link_add.ts; each kind's receive side has a file of its own.
export type DeviceKind = '' | 'vlan' | 'bridge' | 'bond' | 'macvlan' | 'veth' | 'dummy';

export interface DeviceLinks {
  kind: DeviceKind; // '': a NIC or lo
  lower: number; // index into devs: what a VLAN or macvlan is on, the other end of a veth; -1 none
  master: number; // index into devs: the bridge or bond that it belongs to; -1 none
  ports: number[]; // bridge, bond: what belongs to it, in order of joining
  vlans: number[]; // VLAN devices on it
  macvlans: number[]; // macvlans on it
  vlan: VlanDevice | null;
  bridge: Bridge | null;
  port: BridgePort | null;
  bond: Bond | null;
  slave: BondSlave | null;
  macvlan: MacvlanMode | null;
  made: { rx: number; tx: number } | null; // veth: queues of each kind that it was made with
  promisc_held: number; // users of promiscuous mode that are no setting of the administrator: taps, bridge, macvlan
  rx_nohandler: number; // core_stats: exact delivery only, and nobody there
}

export interface VlanDevice {
  readonly id: number;
  readonly proto: '802.1Q';
  reorder_hdr: boolean; // VLAN_FLAG_REORDER_HDR
  ingress: number[]; // by priority of the tag: skb->priority
  egress: Record<string, number>; // by skb->priority: priority of the tag
}

/// struct net_bridge.
export interface Bridge {
  ageing_ns: number;
  forward_delay_ns: number;
  stp: boolean;
  fdb: FdbEntry[]; // what was learned and what is its own
  readonly mac_set: boolean; // NET_ADDR_SET: somebody gave it its address, so it keeps that
}

export interface FdbEntry {
  readonly mac: string;
  port: number; // index into devs; the bridge itself for an address of its own
  readonly local: boolean; // BR_FDB_LOCAL
  updated: number; // ns
  used: number; // ns
}

/// struct net_bridge_port.
export interface BridgePort {
  readonly number: number;
  state: number; // BR_STATE_*: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking
  learning: boolean;
  flood: boolean;
  mcast_flood: boolean;
  bcast_flood: boolean;
  hairpin: boolean;
  isolated: boolean;
}

export type BondMode = 'balance-rr' | 'active-backup' | 'balance-xor' | 'broadcast' | '802.3ad';

/// struct bonding.
export interface Bond {
  mode: BondMode;
  active: number; // index into devs: curr_active_slave; -1 none
  miimon: number; // ms
  rr_tx_counter: number;
}

export interface BondSlave {
  inactive: boolean; // frames that come by it go no further
}

export type MacvlanMode = 'private' | 'vepa' | 'bridge' | 'passthru';

/// A device that stands alone.
export function createLinks(kind: DeviceKind = ''): DeviceLinks {
  return {
    kind,
    lower: -1,
    master: -1,
    ports: [],
    vlans: [],
    macvlans: [],
    vlan: null,
    bridge: null,
    port: null,
    bond: null,
    slave: null,
    macvlan: null,
    made: null,
    promisc_held: 0,
    rx_nohandler: 0,
  };
}
