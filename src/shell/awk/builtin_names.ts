/// AWK's own functions: the least and the most arguments of each.
export const arity: Readonly<Record<string, readonly [number, number]>> = {
  and: [2, Infinity],
  asort: [1, 3],
  asorti: [1, 3],
  atan2: [2, 2],
  close: [1, 2],
  compl: [1, 1],
  cos: [1, 1],
  exp: [1, 1],
  fflush: [0, 1],
  gensub: [3, 4],
  gsub: [2, 3],
  index: [2, 2],
  int: [1, 1],
  isarray: [1, 1],
  length: [0, 1],
  log: [1, 1],
  lshift: [2, 2],
  match: [2, 3],
  mktime: [1, 2],
  or: [2, Infinity],
  patsplit: [2, 4],
  rand: [0, 0],
  rshift: [2, 2],
  sin: [1, 1],
  split: [2, 4],
  sprintf: [1, Infinity],
  sqrt: [1, 1],
  srand: [0, 1],
  strftime: [0, 3],
  strtonum: [1, 1],
  sub: [2, 3],
  substr: [2, 3],
  system: [1, 1],
  systime: [0, 0],
  tolower: [1, 1],
  toupper: [1, 1],
  typeof: [1, 2],
  xor: [2, Infinity],
};

/// Variables with a meaning, in the order of their slots.
export const specialNames = [
  'NF',
  'NR',
  'FNR',
  'FS',
  'OFS',
  'ORS',
  'RS',
  'RT',
  'SUBSEP',
  'CONVFMT',
  'OFMT',
  'RSTART',
  'RLENGTH',
  'FILENAME',
  'IGNORECASE',
  'FPAT',
  'FIELDWIDTHS',
  'ENVIRON',
  'ARGC',
  'ARGV',
  'PROCINFO',
  'ERRNO',
] as const;

export type SpecialName = (typeof specialNames)[number];

/// The slot of a special variable.
export function slotOf(name: SpecialName): number {
  return specialNames.indexOf(name);
}
