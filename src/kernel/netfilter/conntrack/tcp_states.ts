/// The states of a TCP connection as seen from the middle, and what each kind of segment makes of them.
/// Stands for tcp_conntracks[] and get_conntrack_index() in net/netfilter/nf_conntrack_proto_tcp.c.

export const TCP_CONNTRACK = Object.freeze({
  NONE: 0,
  SYN_SENT: 1,
  SYN_RECV: 2,
  ESTABLISHED: 3,
  FIN_WAIT: 4,
  CLOSE_WAIT: 5,
  LAST_ACK: 6,
  TIME_WAIT: 7,
  CLOSE: 8,
  SYN_SENT2: 9,
  INVALID: 10, // TCP_CONNTRACK_MAX
  IGNORE: 11,
});

// Places in the list of timeouts behind those of the states. enum tcp_conntrack
export const RETRANS = 12;
export const UNACK = 13;

export const TCP_STATE_NAMES: readonly string[] =
  'NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2'.split(
    ' ',
  );

// enum tcp_bit_set
export const TCP_SYN_SET = 0;
export const TCP_SYNACK_SET = 1;
export const TCP_FIN_SET = 2;
export const TCP_ACK_SET = 3;
export const TCP_RST_SET = 4;
export const TCP_NONE_SET = 5;

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/// Which kind of segment the flags make it.
export function get_conntrack_index(flags: number): number {
  if (flags & RST) return TCP_RST_SET;
  if (flags & SYN) return flags & ACK ? TCP_SYNACK_SET : TCP_SYN_SET;
  if (flags & FIN) return TCP_FIN_SET;
  return flags & ACK ? TCP_ACK_SET : TCP_NONE_SET;
}

// One letter for each state that a segment leads to, in the order of the states it is met in:
// S SYN_SENT, R SYN_RECV, E ESTABLISHED, F FIN_WAIT, W CLOSE_WAIT, L LAST_ACK, T TIME_WAIT, C CLOSE,
// 2 SYN_SENT2, x invalid, . ignored.
const LETTERS = '-SREFWLTC2x.';
const TABLE: readonly (readonly string[])[] = [
  // from the side that began
  [
    'SS.....SS2', // SYN
    'xxRxxxxxxR', // SYN-ACK
    'xxFFLLLTCx', // FIN
    'ExEEWWTTCx', // ACK
    'xCCCCCCCCC', // RST
    'xxxxxxxxxx', // none of these
  ],
  // from the other side
  ['x2xxxxxSx2', 'xR.......R', 'xxFFLLLTCx', 'x.REWWTTC.', 'xCCCCCCCCC', 'xxxxxxxxxx'],
];

const NEXT: readonly (readonly Uint8Array[])[] = TABLE.map((rows) =>
  rows.map((row) => Uint8Array.from(row, (letter) => LETTERS.indexOf(letter))),
);

/// The state that follows: by direction, kind of segment and state.
export function tcpConntracks(dir: number, index: number, state: number): number {
  return NEXT[dir]![index]![state]!;
}
