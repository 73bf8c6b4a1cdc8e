/// What the live host's page draws beside lanes, ledger and curves. A scenario's scene is turned
/// into this by its view.

export interface LiveView {
  readonly rings: readonly LiveRing[];
  readonly backlog: { readonly used: readonly number[]; readonly limit: number }; // skbs, by CPU
  readonly softnet: readonly SoftnetRow[]; // by CPU
}

export interface LiveRing {
  readonly name: string; // rx-0
  readonly size: number;
  readonly used: number;
  readonly head: number;
  readonly tail: number;
  readonly dropping: boolean; // lost a frame since the last sample
}

/// One line of /proc/net/softnet_stat, decoded.
export interface SoftnetRow {
  readonly cpu: number;
  readonly processed: number;
  readonly dropped: number;
  readonly time_squeeze: number;
  readonly received_rps: number;
  readonly flow_limit_count: number;
  readonly backlog: number;
}
