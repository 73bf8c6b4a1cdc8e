/// The schema of a page's frontmatter: the facts that the map, the navigation, the facts column and the
/// tests read. Every name is checked against its registry, so a page cannot speak of what is not there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'astro/zod';
import { STEPS } from '../src/kernel/steps.ts';
import { kernelSymbol } from './kernel_symbols.ts';
import { explainedCounter, explainedTunable } from './reference.ts';

const steps = new Set<string>(STEPS.map((step) => step.id));
const topics = new Set(
  readFileSync(join(process.cwd(), 'test/reference/topics.tsv'), 'utf8')
    .split('\n')
    .map((row) => row.split('\t')[0] ?? ''),
);

/// A string that `known` knows; else the build fails with the words.
const named = (what: string, known: (name: string) => boolean) =>
  z.string().refine(known, { error: (issue) => `${String(issue.input)} is not ${what}` });

const context = z.enum(['hw', 'hardirq', 'softirq', 'kthread', 'process', 'user']);
const fn = named('a function of Linux 6.12', (name) => kernelSymbol('f', name) !== undefined);
const reason = named(
  'a drop reason of Linux 6.12 (without SKB_DROP_REASON_)',
  (name) => kernelSymbol('d', name) !== undefined,
);

const dial = named('a tunable of src/kernel/tunables*.ts', (id) => !!explainedTunable(id));
const number = named('a counter of src/kernel/counters*.ts', (id) => !!explainedCounter(id));

export const pageSchema = z.strictObject({
  title: z.string(), // of the page
  step: named('a step of the path', (id) => steps.has(id)), // the first one that the page explains
  steps: z.array(named('a step of the path', (id) => steps.has(id))).default([]), // further ones
  order: z.number().int(), // among the pages of its folder
  what: z.string(), // one paragraph; `code` in backticks
  why: z.string(),
  contexts: z.array(z.strictObject({ context, note: z.string() })).min(1),
  functions: z.array(fn).min(1),
  tunables: z.array(dial).default([]), // registry ids
  counters: z.array(number).default([]), // registry ids
  drop: z.string(), // what happens to a packet that dies here, and who counts it
  dropReasons: z.array(reason).default([]),
  touches: z.array(z.string()).default([]), // kernel data, `code` in backticks
  leftOut: z.string(), // what the model leaves out
  sources: z.array(z.string()).min(1), // file:function, RFC, data sheet
  seeds: z.array(z.string()).default([]), // places in the source notes
  topics: z.array(named('a topic of topics.tsv', (id) => topics.has(id))).default([]),
  simulation: z.string().optional(), // slug under simulations/; the page's run
  try: z.array(z.string()).default([]), // commands that the terminal offers
});

export type PageFacts = z.infer<typeof pageSchema>;
