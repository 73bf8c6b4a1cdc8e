/// What ethtool can ask of a NIC driver. Stands for struct ethtool_ops (include/linux/ethtool.h): one
/// object of this shape for each driver. The calls that change a device and check what is asked are
/// in src/kernel/ethtool_ops*.ts; the receive path of a driver is elsewhere.
/// Left out: register and EEPROM dumps, cable tests, self tests, FEC, Energy-Efficient Ethernet.
import type { ErrnoName } from '../kernel/errno.ts';
import type { NetDevice, NicFilter, NtupleRule } from '../kernel/state.ts';

/// What a driver answers when it will not do it.
export interface Refusal {
  readonly errno: ErrnoName;
  readonly extack?: string;
}

/// Ring sizes, descriptors a queue. `jumbo` is the second receive ring of a vmxnet3 queue; 0: there is none.
export interface RingSizes {
  readonly rx: number;
  readonly tx: number;
  readonly jumbo: number;
}

export interface RingRules {
  readonly max: RingSizes; // what `ethtool -g` shows, and net/ethtool/rings.c allows
  readonly start: RingSizes; // at boot
  /// The sizes that the driver ends up with; it may resize and still refuse the rest.
  settle(
    now: RingSizes,
    wanted: RingSizes,
    dev: NetDevice,
  ): RingSizes & { readonly refused?: Refusal };
}

export type Coalesce = Record<string, number | boolean>;

export interface CoalesceRules {
  /// Driver with the call, hardware without: everything that passes the kernel's own check is EOPNOTSUPP.
  readonly lacking?: true;
  readonly params: readonly string[]; // ethtool -C names that the driver honours
  readonly start: Coalesce;
  /// What `ethtool -c` shows.
  show(dev: NetDevice): Coalesce;
  /// What the driver stores for what was asked for, all parameters given.
  settle(dev: NetDevice, wanted: Coalesce): Coalesce | Refusal;
  /// Whether the change resets the NIC.
  resets?(before: Coalesce, dev: NetDevice): boolean;
}

export interface ChannelRules {
  readonly other: number; // vectors for anything but a queue
  readonly fixed?: true; // can be read only
  readonly separate?: true; // queues of each kind by themselves, none combined: veth
  /// Refusal for counts that passed the checks of net/ethtool/channels.c, or null.
  refuse(combined: number, other: number): Refusal | null;
}

export interface RssRules {
  readonly size: number; // entries of the indirection table; 0: none to see
  readonly hashes?: Readonly<Record<string, string>>; // fields by flow type, where flowHash cannot tell
  readonly keySize: number; // bytes of the hash key that can be read and set; 0: none
  /// Table after a change of the number of queues.
  table(queues: number): number[];
  /// Refusal for a table asked for, or null.
  refuse(table: readonly number[], queues: number): Refusal | null;
  /// Whether a table set by the user survives a change of the number of queues.
  readonly keepsTable: boolean;
}

export interface FlowHashRules {
  readonly start: Readonly<Record<string, string>>; // letters of ethtool -N by flow type
  /// The table after `ethtool -N DEV rx-flow-hash`, or why not.
  settle(
    now: Readonly<Record<string, string>>,
    type: string,
    letters: string,
  ): Record<string, string> | Refusal;
  /// What the driver says of a request for hash fields, by ETHTOOL_* number, which it does not know.
  unknown?(command: number): string;
  /// Whether `ethtool -n` can count classification rules.
  readonly countsRules: boolean;
  /// Whether the driver warns in the kernel log when it begins to hash UDP ports.
  readonly warnsOfPorts: boolean;
}

/// Ethernet flow control as ethtool shows and sets it. What it does on the wire: src/kernel/pause_frames.ts.
export interface PauseRules {
  readonly start: NetDevice['pause'];
  /// What stands after `ethtool -A`: with negotiation the partner has a say.
  settle(wanted: NetDevice['pause']): NetDevice['pause'];
  refuse?(wanted: NetDevice['pause'], now: NetDevice['pause']): Refusal | null;
  readonly resets?: true; // any change resets the NIC, not only one to negotiation
  readonly counts?: true; // has get_pause_stats(): `ethtool -I -a` shows the frames
}

/// What has happened to a device's rules: one was inserted or deleted, or its features were set.
export type RuleChange = 'inserted' | 'deleted' | 'features';

/// Rules for single flows: ETHTOOL_SRXCLSRLINS.
export interface NtupleRules {
  readonly size: number; // locations
  /// Refusal for a rule, or null.
  refuse(dev: NetDevice, rule: NtupleRule): RuleRefusal | null;
  /// The rule as the driver keeps it and shows it again.
  stored(rule: NtupleRule): NtupleRule;
  /// Whether the NIC compares the rules after a change; without it, while `ntuple-filters` is on.
  inForce?(dev: NetDevice, moment: RuleChange): boolean;
  /// What the NIC compares for a rule, where that is not what the rule says.
  compared?(rule: NtupleRule): NicFilter;
  /// The filters, oldest first, in the order in which the NIC looks at them; without it, by location.
  order?(filters: readonly NicFilter[]): NicFilter[];
  /// Whether the rules stay after a change of the features; without it they do.
  keeps?(dev: NetDevice): boolean;
  /// Why there is no rule at a location to be deleted or shown; without it EINVAL.
  absent?(dev: NetDevice, location: number, doing: 'delete' | 'show'): ErrnoName;
}

/// A rule refused, and what the driver then writes to the kernel log: about the interface (netdev_err()), or about the
/// function alone (dev_err()).
export interface RuleRefusal extends Refusal {
  readonly log?: string;
  readonly device_log?: string;
}

/// What `ethtool DEV` says of a port, apart from the link's state.
export interface LinkRules {
  readonly ports: readonly string[];
  readonly modes: readonly string[]; // supported and advertised
  readonly pause: string; // Symmetric, No
  readonly partner?: { readonly modes: readonly string[]; readonly pause: string }; // what the other end advertises, where the driver tells
  readonly autoneg: boolean; // supports auto-negotiation
  readonly port: string;
  readonly phyad: number;
  readonly mdix: string; // '' where the driver says nothing
  readonly wol: string; // letters supported; '' none
  readonly wolStart: string;
  readonly msglvl: number; // at boot; -1: the driver has none
  /// Refusal for a forced speed and duplex, or null.
  refuse(speed: number, duplex: NetDevice['duplex'], autoneg: boolean): Refusal | null;
  readonly resets: boolean; // a change of the link resets the NIC
  readonly fixed?: true; // has no set_link_ksettings
  /// Why `ethtool -r` is refused now, or null; absent: a NIC that is up is reset, others do nothing.
  renegotiate?(dev: NetDevice): Refusal | null;
}

export interface DriverInfo {
  readonly version: string;
  readonly firmware: string;
  readonly test: boolean;
  readonly eeprom: boolean;
  readonly registers: boolean;
  readonly blinks: boolean; // ethtool -p
}

/// One line of `ethtool -S`.
export interface Statistic {
  readonly name: string; // rx_queue_3_drops
  readonly value: number;
  readonly id: string; // rx_queue_N_drops
  readonly queue: number; // -1: of the whole device
}

/// struct rtnl_link_stats64 (include/uapi/linux/if_link.h): the fields that a device here can move.
export interface LinkStats {
  rx_packets: number;
  tx_packets: number;
  rx_bytes: number;
  tx_bytes: number;
  rx_errors: number;
  tx_errors: number;
  rx_dropped: number;
  tx_dropped: number;
  multicast: number;
  collisions: number;
  rx_length_errors: number;
  rx_over_errors: number;
  rx_crc_errors: number;
  rx_frame_errors: number;
  rx_fifo_errors: number;
  rx_missed_errors: number;
  tx_aborted_errors: number;
  tx_carrier_errors: number;
  tx_fifo_errors: number;
  tx_heartbeat_errors: number;
  tx_window_errors: number;
  rx_compressed: number;
  tx_compressed: number;
  rx_nohandler: number;
  rx_otherhost_dropped: number;
}

/// A flag of the driver's own refused, and what it then writes to the kernel log about the interface.
export interface FlagRefusal extends Refusal {
  readonly logs?: readonly string[];
}

export interface FeatureRules {
  readonly on: readonly string[]; // active at boot
  readonly free: readonly string[]; // hw_features: a user may change them
  readonly requested?: readonly string[]; // free and asked for at boot, but what they need is not there
  readonly freeWithRss?: readonly string[]; // and these where the device offers RSS
  readonly partial: readonly string[]; // gso_partial_features
  /// ndo_fix_features(): the driver's own dependencies.
  fix?(on: Record<string, boolean>, dev: NetDevice): Record<string, boolean>;
  /// What it writes to the kernel log when it takes a feature away, or null.
  fixLog?(wanted: Readonly<Record<string, boolean>>, dev: NetDevice): string | null;
  /// Whether the change from one set to another resets the NIC.
  resets?(
    before: Readonly<Record<string, boolean>>,
    after: Readonly<Record<string, boolean>>,
  ): boolean;
}

export interface NicDriver {
  readonly name: string;
  readonly info: DriverInfo | null; // null: ethtool -i is refused
  readonly mtu: {
    readonly min: number; // bytes
    readonly max: number; // 0: no limit
    readonly whileUp?: false; // EBUSY while the device is up
  };
  readonly tsoMaxSize: number; // bytes
  readonly ring: RingRules | null;
  readonly descriptors?: { readonly rx: number; readonly tx: number }; // of a driver without `ring`
  readonly coalesce: CoalesceRules | null;
  readonly defersInterrupts?: true; // it asks the kernel to: netdev_sw_irq_coalesce_default_on()
  readonly channels: ChannelRules | null;
  readonly rss: RssRules | null;
  readonly flowHash: FlowHashRules | null;
  readonly ntuple?: NtupleRules; // takes rules that steer single flows
  readonly features: FeatureRules;
  readonly privFlags: readonly string[] | null;
  readonly privFlagsOn?: readonly string[]; // at boot
  /// Why the driver will not switch a flag of its own, or null; absent: it obeys.
  refuseFlag?(name: string, on: boolean, dev: NetDevice): FlagRefusal | null;
  readonly pause: PauseRules | null; // null: no get_pauseparam
  readonly answersRings: boolean; // ETHTOOL_GRXRINGS, which ethtool -n and -X ask first
  readonly link: LinkRules | null;
  readonly linkNotModelled?: true; // it has a link to speak of, of which nothing is known
  readonly timestamping: {
    readonly capabilities: readonly string[];
    readonly clock: boolean;
    readonly tx: readonly string[];
    readonly rx: readonly string[];
    /// The filter that the driver sets for one asked for, by number, and the one that it tells of; null: ERANGE. Absent:
    /// it has no SIOCSHWTSTAMP.
    readonly settle?: (filter: number) => { readonly kept: number; readonly told: number } | null;
  };
  /// `ethtool -S`, in the driver's order; null: it has none.
  statistics(dev: NetDevice): Statistic[] | null;
  /// ndo_get_stats64(): the device's totals.
  linkStats(dev: NetDevice): LinkStats;
}
