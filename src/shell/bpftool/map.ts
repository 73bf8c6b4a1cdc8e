/// bpftool map: what is in the maps of the loaded programs, and changing it. A map with types (BTF) is printed as
/// JSON, one without as bytes, as the tool does.
/// Left out: create, pin, event pipes, queues; memlock where the size of the kernel's own structures is not known.
import { strerror, type ErrnoName } from '../../kernel/errno.ts';
import {
  bpfMapDelete,
  bpfMapLookup,
  bpfMapUpdate,
  mapRows,
  type Exist,
  type MapKey,
  type MapRow,
} from '../../kernel/xdp/maps.ts';
import type { BpfMap } from '../../kernel/xdp/types.ts';
import type { Io, Running } from '../command.ts';
import { fail, hexBytes, idOf, notModelled } from './words.ts';

const ARRAY_HEAD = 264; // sizeof(struct bpf_array): one element of 8 bytes was recorded with 272

/// devmap, cpumap and xskmap have no types of their own (map_check_no_btf()).
function hasTypes(map: BpfMap): boolean {
  return map.type !== 'devmap' && map.type !== 'cpumap' && map.type !== 'xskmap';
}

function live(io: Io): BpfMap[] {
  return io.k.bpf.maps.filter((map) => map.id !== 0).sort((a, b) => a.id - b.id);
}

/// The map that `id N` or `name NAME` means, taken off the words; a number is an exit status.
function* mapOf(io: Io, words: string[]): Running<BpfMap | number> {
  if (io.uid !== 0) return yield* fail(io, "can't get next map: Operation not permitted");
  const kind = words.shift();
  const word = words.shift();
  if (kind === 'id') {
    const found = live(io).find((map) => map.id === idOf(word));
    return found ?? (yield* fail(io, `get map by id (${word}): No such file or directory`));
  }
  if (kind === 'name') {
    const found = live(io).filter((map) => map.name === word);
    if (found.length > 1) return yield* fail(io, 'several maps match this handle');
    return found[0] ?? 255;
  }
  if (kind === 'pinned') return yield* notModelled(io, 'map pinned');
  return yield* fail(io, `expected 'id', 'name' or 'pinned', got: '${kind ?? ''}'?`);
}

/// `bpftool map show`.
export function* mapShow(io: Io, words: string[]): Running {
  if (words.length > 0) {
    const map = yield* mapOf(io, words);
    if (typeof map === 'number') return map;
    yield* printMap(io, map);
    return 0;
  }
  if (io.uid !== 0) return yield* fail(io, "can't get next map: Operation not permitted");
  for (const map of live(io)) yield* printMap(io, map);
  return 0;
}

function* printMap(io: Io, map: BpfMap): Running<void> {
  const flags = map.type === 'lpm_trie' ? '0x1' : '0x0'; // BPF_F_NO_PREALLOC
  const memory = memlock(io, map);
  yield* io.out.line(`${map.id}: ${map.type}  name ${map.name}  flags ${flags}`);
  yield* io.out.line(
    `\tkey ${map.key_size}B  value ${map.value_size}B  max_entries ${map.max_entries}${memory}`,
  );
  if (hasTypes(map)) yield* io.out.line(`\tbtf_id ${map.btf_id}`);
}

/// kernel/bpf/arraymap.c:array_map_mem_usage()
function memlock(io: Io, map: BpfMap): string {
  if (map.type !== 'array' && map.type !== 'percpu_array') return '';
  const bytes = map.type === 'array' ? 8 : 8 + 8 * io.k.cpus.length;
  return `  memlock ${ARRAY_HEAD + bytes * map.max_entries}B`;
}

/// `bpftool map dump`.
export function* mapDump(io: Io, words: string[]): Running {
  const map = yield* mapOf(io, words);
  if (typeof map === 'number') return map;
  const rows = mapRows(io.k, map);
  if (hasTypes(map)) {
    const shown = rows.map((row) => `{\n${typedFields(map, row, 8)}\n    }`);
    yield* io.out.write(shown.length ? `[${shown.join(',')}\n]\n` : '[]\n');
    return 0;
  }
  for (let key = 0; key < map.max_entries; key++)
    yield* io.out.line(plainElement(map, key, rows.find((row) => row.key === key) ?? null));
  const count = map.type === 'xskmap' ? 0 : rows.length; // the system call does not read sockets
  yield* io.out.line(`Found ${count} element${count === 1 ? '' : 's'}`);
  return 0;
}

/// The fields of an element with types; a trie's key is a structure.
function typedFields(
  map: BpfMap,
  { key, wide, prefixlen, values }: MapRow,
  indent: number,
): string {
  const at = ' '.repeat(indent);
  const data = (wide ?? [key]).flatMap(octets).join(',');
  const shownKey =
    map.trie === null
      ? String(key)
      : `{\n${at}    "prefixlen": ${prefixlen},\n${at}    "data": [${data}\n${at}    ]\n${at}}`;
  if (map.type !== 'percpu_array') return `${at}"key": ${shownKey},\n${at}"value": ${values[0]}`;
  const cpus = values.map(
    (value, cpu) => `{\n${at}        "cpu": ${cpu},\n${at}        "value": ${value}\n${at}    }`,
  );
  return `${at}"key": ${shownKey},\n${at}"values": [${cpus.join(',')}\n${at}]`;
}

function octets(address: number): number[] {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255];
}

function plainElement(map: BpfMap, key: number, row: MapRow | null): string {
  const shown =
    map.type === 'xskmap'
      ? strerror('EOPNOTSUPP')
      : row === null
        ? '<no entry>'
        : hexBytes(row.values[0]!, map.value_size);
  return `key: ${hexBytes(key, map.key_size)}  value: ${shown}`;
}

/// Bytes after `key` or `value`: decimal, 0x…, or with `hex` before them hexadecimal throughout.
function* takeBytes(
  io: Io,
  words: string[],
  what: string,
  size: number,
): Running<number[] | number> {
  if (words.shift() !== what) return yield* fail(io, `expected '${what}'`);
  const hex = words[0] === 'hex';
  if (hex) words.shift();
  const bytes: number[] = [];
  while (bytes.length < size) {
    const word = words.shift();
    if (word === undefined) return yield* fail(io, `expected ${size} bytes got ${bytes.length}`);
    const byte = Number(hex ? `0x${word}` : word);
    if (!Number.isInteger(byte) || byte < 0 || byte > 255)
      return yield* fail(io, `error parsing byte: ${word}`);
    bytes.push(byte);
  }
  return bytes;
}

function little(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/// A key of 32 bits lies in memory as the program has it: low byte first, addresses in network order in a trie.
function keyOf(map: BpfMap, bytes: readonly number[]): MapKey {
  if (map.trie === null) return { key: little(bytes), prefixlen: 32 };
  const prefixlen = little(bytes.slice(0, 4));
  const words = Array.from({ length: (bytes.length - 4) / 4 }, (_, i) =>
    bytes.slice(4 + 4 * i, 8 + 4 * i).reduce((value, byte) => value * 256 + byte, 0),
  );
  return words.length > 1 ? { key: 0, wide: words, prefixlen } : { key: words[0]!, prefixlen };
}

/// `bpftool map update MAP key BYTES value BYTES [any|exist|noexist]`.
export function* mapUpdate(io: Io, words: string[]): Running {
  const map = yield* mapOf(io, words);
  if (typeof map === 'number') return map;
  const key = yield* takeBytes(io, words, 'key', map.key_size);
  if (typeof key === 'number') return key;
  const value = yield* takeBytes(io, words, 'value', map.value_size);
  if (typeof value === 'number') return value;
  const exist = (['any', 'exist', 'noexist'] as const).find((one) => one === words[0]) ?? 'any';
  const errno = bpfMapUpdate(io.k, map, keyOf(map, key), little(value), exist satisfies Exist);
  return yield* told(io, 'update', errno);
}

/// `bpftool map delete MAP key BYTES`.
export function* mapDelete(io: Io, words: string[]): Running {
  const map = yield* mapOf(io, words);
  if (typeof map === 'number') return map;
  const key = yield* takeBytes(io, words, 'key', map.key_size);
  if (typeof key === 'number') return key;
  return yield* told(io, 'delete', bpfMapDelete(io.k, map, keyOf(map, key)));
}

function* told(io: Io, verb: string, errno: ErrnoName | null): Running {
  if (errno === null) return 0;
  return yield* fail(io, `${verb} failed: ${strerror(errno)}`);
}

/// `bpftool map lookup MAP key BYTES`.
export function* mapLookup(io: Io, words: string[]): Running {
  const map = yield* mapOf(io, words);
  if (typeof map === 'number') return map;
  const bytes = yield* takeBytes(io, words, 'key', map.key_size);
  if (typeof bytes === 'number') return bytes;
  const key = keyOf(map, bytes);
  const row = map.type === 'xskmap' ? null : bpfMapLookup(io.k, map, key);
  if (map.type === 'xskmap') return yield* fail(io, `lookup failed: ${strerror('EOPNOTSUPP')}`);
  if (row === null) {
    const shown = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    yield* io.out.write(`key:\n${shown}\n\nNot found\n`);
    return 255;
  }
  yield* io.out.line(
    hasTypes(map) ? `{\n${typedFields(map, row, 4)}\n}` : plainElement(map, key.key, row),
  );
  return 0;
}
