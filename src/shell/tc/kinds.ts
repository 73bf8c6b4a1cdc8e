/// The disciplines that the host can have at a root, as tc reads and prints their settings. Stands for
/// tc/q_*.c of iproute2 6.15.
/// Left out: fq's pacing and horizon words, fq_codel's ce_threshold; they say so.
import type { QdiscOptions } from '../../kernel/sch_api.ts';
import type { Json } from '../json_writer.ts';
import { rateText, readCount, readRate, readSize, readTime, sizeText, timeText } from './units.ts';

type Reader = (word: string) => number | null;

export interface QdiscKind {
  /// Words with a value, and how it is read.
  readonly words: Readonly<Record<string, Reader>>;
  /// Words without one, and what they set.
  readonly flags?: Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /// Words that the tool has and the model has not.
  readonly absent?: readonly string[];
  /// What the tool prints after a word that it does not know; undefined: it takes no words at all.
  readonly usage?: string;
  /// Settings after the handle and the place; statistics of its own, all 0.
  text(options: QdiscOptions): string;
  json(options: QdiscOptions): Json;
  readonly statistics?: readonly string[];
}

// The kernel counts codel's times in units of 1024 ns.
const codelTime: Reader = (word) => {
  const us = readTime(word);
  return us === null ? null : Math.floor((Math.floor((us * 1000) / 1024) * 1024) / 1000);
};

const fifoUsage = 'Usage: ... pfifo|bfifo [ limit NUMBER ]\n';
const BANDS = 'bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1';
const priomap = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
const number = (options: QdiscOptions, name: string): number => Number(options[name] ?? 0);

export const kinds: Readonly<Record<string, QdiscKind>> = {
  noop: { words: {}, text: () => '', json: () => ({}) },
  noqueue: { words: {}, text: () => '', json: () => ({}) },
  mq: { words: {}, text: () => '', json: () => ({}) },
  pfifo_fast: {
    words: {},
    text: () => BANDS,
    json: () => ({ bands: 3, priomap, multiqueue: false }),
  },
  pfifo: {
    words: { limit: readCount },
    usage: fifoUsage,
    text: (options) => `limit ${number(options, 'limit')}p`,
    json: (options) => ({ limit: number(options, 'limit') }),
  },
  bfifo: {
    words: { limit: readSize },
    usage: fifoUsage,
    text: (options) => `limit ${sizeText(number(options, 'limit'))}`,
    json: (options) => ({ limit: number(options, 'limit') }),
  },
  fq: {
    words: {
      ...{ limit: readCount, flow_limit: readCount, buckets: readCount },
      ...{ maxrate: readRate, quantum: readSize, initial_quantum: readSize },
    },
    absent: [
      ...['pacing', 'nopacing', 'refill_delay', 'bands', 'weights', 'low_rate_threshold'],
      ...['orphan_mask', 'timer_slack', 'ce_threshold', 'horizon', 'horizon_cap', 'horizon_drop'],
      ...['offload_horizon', 'defrate'],
    ],
    usage:
      'Usage: ... fq\t[ limit PACKETS ] [ flow_limit PACKETS ]\n' +
      '\t\t[ quantum BYTES ] [ initial_quantum BYTES ]\n' +
      '\t\t[ maxrate RATE ] [ buckets NUMBER ]\n' +
      '\t\t[ [no]pacing ] [ refill_delay TIME ]\n' +
      '\t\t[ bands 3 priomap P0 P1 ... P14 P15 ]\n' +
      '\t\t[ weights W1 W2 W3 ]\n' +
      '\t\t[ low_rate_threshold RATE ]\n' +
      '\t\t[ orphan_mask MASK]\n' +
      '\t\t[ timer_slack TIME]\n' +
      '\t\t[ ce_threshold TIME ]\n' +
      '\t\t[ horizon TIME ]\n' +
      '\t\t[ horizon_{cap|drop} ]\n' +
      '\t\t[ offload_horizon TIME ]\n',
    text(options) {
      const maxrate = number(options, 'maxrate');
      return (
        `limit ${number(options, 'limit')}p flow_limit ${number(options, 'flow_limit')}p ` +
        `buckets ${number(options, 'buckets')} orphan_mask 1023 ${BANDS} ` +
        `weights 589824 196608 65536 quantum ${sizeText(number(options, 'quantum'))} ` +
        `initial_quantum ${sizeText(number(options, 'initial_quantum'))} ` +
        (maxrate > 0 ? `maxrate ${rateText(maxrate)} ` : '') +
        'low_rate_threshold 550Kbit refill_delay 40ms timer_slack 10us horizon 10s horizon_drop '
      );
    },
    json: (options) => ({
      ...{ limit: number(options, 'limit'), flow_limit: number(options, 'flow_limit') },
      ...{ buckets: number(options, 'buckets'), orphan_mask: 1023, bands: 3, priomap },
      ...{ weights: [589824, 196608, 65536], quantum: number(options, 'quantum') },
      initial_quantum: number(options, 'initial_quantum'),
      ...(number(options, 'maxrate') > 0 && { maxrate: number(options, 'maxrate') / 8 }),
      ...{ low_rate_threshold: 68750, refill_delay: 40000, timer_slack: 10000 },
      ...{ horizon: 10_000_000, horizon_drop: null },
    }),
    statistics: [
      '  flows 0 (inactive 0 throttled 0) band0_pkts 0 band1_pkts 0 band2_pkts 0',
      '  gc 0 highprio 0 throttled 0',
    ],
  },
  fq_codel: {
    words: {
      ...{ limit: readCount, flows: readCount, drop_batch: readCount },
      ...{ target: codelTime, interval: codelTime, quantum: readSize, memory_limit: readSize },
    },
    flags: { ecn: { ecn: true }, noecn: { ecn: false } },
    absent: ['ce_threshold', 'ce_threshold_selector'],
    usage:
      'Usage: ... fq_codel [ limit PACKETS ] [ flows NUMBER ]\n' +
      '\t\t    [ memory_limit BYTES ]\n' +
      '\t\t    [ target TIME ] [ interval TIME ]\n' +
      '\t\t    [ quantum BYTES ] [ [no]ecn ]\n' +
      '\t\t    [ ce_threshold TIME ]\n' +
      '\t\t    [ ce_threshold_selector VALUE/MASK ]\n' +
      '\t\t    [ drop_batch SIZE ]\n',
    text: (options) =>
      `limit ${number(options, 'limit')}p flows ${number(options, 'flows')} ` +
      `quantum ${number(options, 'quantum')} target ${timeText(number(options, 'target'))} ` +
      `interval ${timeText(number(options, 'interval'))} ` +
      `memory_limit ${sizeText(number(options, 'memory_limit'))} ` +
      `${options['ecn'] === true ? 'ecn ' : ''}drop_batch ${number(options, 'drop_batch')} `,
    json: (options) => ({
      ...{ limit: number(options, 'limit'), flows: number(options, 'flows') },
      ...{ quantum: number(options, 'quantum'), target: number(options, 'target') },
      interval: number(options, 'interval'),
      memory_limit: number(options, 'memory_limit'),
      ...(options['ecn'] === true && { ecn: true }),
      drop_batch: number(options, 'drop_batch'),
    }),
    statistics: [
      '  maxpacket 0 drop_overlimit 0 new_flow_count 0 ecn_mark 0',
      '  new_flows_len 0 old_flows_len 0',
    ],
  },
};

/// Disciplines of the recorded kernel that the model does not have.
export const absentKinds: ReadonlySet<string> = new Set(
  (
    'pfifo_head_drop cake cbs choke codel drr etf ets fq_pie gred hfsc hhf htb mqprio multiq netem ' +
    'pie plug prio qfq red sfb sfq skbprio taprio tbf ingress clsact'
  ).split(' '),
);

/// The settings that a line gives; or what the tool says instead, with its exit status.
export type Read =
  | { readonly options: Record<string, number | boolean> }
  | { readonly says: string; readonly status: number };

/// Reads the words after the discipline's name.
export function readOptions(name: string, words: readonly string[]): Read {
  const kind = kinds[name]!;
  const options: Record<string, number | boolean> = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const flag = kind.flags?.[word];
    if (flag) {
      Object.assign(options, flag);
      continue;
    }
    if (kind.absent?.includes(word))
      return { says: `softnet: not modelled here: tc qdisc ... ${name} ${word}\n`, status: 1 };
    if (kind.usage === undefined)
      return { says: `qdisc '${name}' does not support option parsing\n`, status: 1 };
    const reader = Object.hasOwn(kind.words, word) ? kind.words[word] : undefined;
    if (!reader) return { says: `What is "${word}"?\n${kind.usage}`, status: 1 };
    const text = words[++i];
    if (text === undefined)
      return { says: 'Command line is not complete. Try option "help"\n', status: 255 };
    const value = reader(text);
    if (value === null) return { says: `Illegal "${word}"\n`, status: 1 };
    options[word] = value;
  }
  return { options };
}
