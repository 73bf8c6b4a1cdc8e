/// Actions of tc filters: read, and printed again. Stands for tc/m_action.c, m_gact.c, m_mirred.c, m_police.c,
/// m_skbedit.c and m_vlan.c of iproute2 6.15.
/// Left out: csum, pedit, ct, bpf, sample, tunnel_key, random gact, rate estimators, JSON.
import type { NewAction } from '../../kernel/act_api.ts';
import { xmitBytes, xmitTicks } from '../../kernel/tc/ticks.ts';
import { TC_ACT, type Masked, type TcAction, type TcActionSpec } from '../../kernel/tc/types.ts';
import type { Kernel } from '../../kernel/state.ts';
import { rateText, readCount, readRate, readSize, sizeText } from './units.ts';

/// What is wrong with the words: text for standard error and an exit status.
export class TcFault extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

const CONTROLS: Readonly<Record<string, number>> = {
  ...{ continue: TC_ACT.UNSPEC, drop: TC_ACT.SHOT, shot: TC_ACT.SHOT, pass: TC_ACT.OK },
  ...{ ok: TC_ACT.OK, reclassify: TC_ACT.RECLASSIFY, pipe: TC_ACT.PIPE, trap: TC_ACT.TRAP },
};
const ABSENT = [
  'bpf',
  'connmark',
  'csum',
  'ct',
  'ctinfo',
  'ife',
  'mpls',
  'nat',
  'pedit',
  'sample',
  'simple',
  'skbmod',
  'tunnel_key',
  'gate',
];

/// The words of a command line, taken from the front.
export class Words {
  private readonly words: readonly string[];
  private at = 0;
  constructor(words: readonly string[]) {
    this.words = words;
  }
  peek(): string | undefined {
    return this.words[this.at];
  }
  take(): string {
    const word = this.words[this.at++];
    if (word === undefined)
      throw new TcFault('Command line is not complete. Try option "help"', 255);
    return word;
  }
  took(...some: string[]): boolean {
    if (!some.includes(this.words[this.at] ?? '')) return false;
    this.at++;
    return true;
  }
}

/// Reads the actions from the word behind `action` on, as long as there are more.
export function parseActions(k: Kernel, w: Words): NewAction[] {
  const actions: NewAction[] = [];
  do actions.push(parseAction(k, w));
  while (w.took('action'));
  return actions;
}

function parseAction(k: Kernel, w: Words): NewAction {
  const word = w.take();
  switch (word) {
    case 'mirred':
      return mirred(k, w);
    case 'police':
      return police(w);
    case 'skbedit':
      return skbedit(w);
    case 'vlan':
      return vlan(w);
    case 'gact':
      w.took('action');
      return gact(w, w.take());
    default:
      if (ABSENT.includes(word)) throw new TcFault(`softnet: not modelled here: tc action ${word}`);
      return gact(w, word);
  }
}

function number(word: string, name: string): number {
  const value = readCount(word);
  if (value === null) throw new TcFault(`Illegal "${name}"`);
  return value;
}

/// drop, pass, goto chain 1, jump 2.
function control(w: Words, word: string): number {
  if (word === 'goto') {
    if (!w.took('chain')) throw new TcFault('"chain" expected');
    return TC_ACT.GOTO_CHAIN | number(w.take(), 'chain index');
  }
  if (word === 'jump') return TC_ACT.JUMP | number(w.take(), 'jump count');
  const found = CONTROLS[word];
  if (found === undefined)
    throw new TcFault(`bad action parsing\nparse_action: bad value (1:${word})!\nIllegal "action"`);
  return found;
}

function isControl(word: string | undefined): boolean {
  return (
    word !== undefined && (Object.hasOwn(CONTROLS, word) || word === 'goto' || word === 'jump')
  );
}

/// What may stand behind every action: what follows it, and its index.
function tail(w: Words, otherwise: number): { control: number; index: number } {
  let what = otherwise;
  if (isControl(w.peek())) what = control(w, w.take());
  const index = w.took('index') ? number(w.take(), 'index') : 0;
  return { control: what, index };
}

function gact(w: Words, word: string): NewAction {
  const what = control(w, word);
  if (w.took('random')) throw new TcFault('softnet: not modelled here: tc action gact random');
  const index = w.took('index') ? number(w.take(), 'index') : 0;
  return { kind: 'gact', spec: { kind: 'gact' }, index, control: what };
}

function mirred(k: Kernel, w: Words): NewAction {
  if (w.took('index')) {
    const index = number(w.take(), 'index');
    return { kind: 'mirred', spec: null, index, control: TC_ACT.PIPE };
  }
  const direction = w.take();
  if (direction !== 'egress' && direction !== 'ingress')
    throw new TcFault(`mirred option not supported ${direction}\nbad action parsing`);
  const what = w.take();
  if (what !== 'redirect' && what !== 'mirror')
    throw new TcFault(`mirred option not supported ${what}\nbad action parsing`);
  let early = 0;
  if (w.took('index')) early = number(w.take(), 'index');
  if (!w.took('dev')) throw new TcFault('mirred: Invalid dev\nbad action parsing');
  const name = w.take();
  const dev = k.devs.find((one) => one.name === name);
  if (!dev) throw new TcFault(`Cannot find device "${name}"\nbad action parsing`);
  const redirect = what === 'redirect';
  const rest = tail(w, redirect ? TC_ACT.STOLEN : TC_ACT.PIPE);
  return {
    kind: 'mirred',
    spec: { kind: 'mirred', redirect, ingress: direction === 'ingress', ifindex: dev.ifindex },
    index: early || rest.index,
    control: rest.control,
  };
}

// The table of a rate without an MTU has cells of 8 bytes: 255 of them.
const DEFAULT_POLICE_MTU = 2040;

function police(w: Words): NewAction {
  let [rate, burst, mtu, peakrate, overhead, index] = [0, 0, 0, 0, 0, 0];
  let exceed: number = TC_ACT.RECLASSIFY;
  let conform: number = TC_ACT.OK;
  for (;;) {
    const word = w.peek();
    if (word === undefined || word === 'action' || word === 'flowid' || word === 'classid') break;
    if (isControl(word)) exceed = control(w, w.take());
    else {
      w.take();
      if (word === 'rate') rate = size(readRate(w.take()), 'rate') / 8;
      else if (word === 'burst' || word === 'buffer' || word === 'maxburst')
        burst = size(readSize(w.take().split('/')[0]!), 'burst');
      else if (word === 'mtu' || word === 'minburst') mtu = size(readSize(w.take()), 'mtu');
      else if (word === 'peakrate') peakrate = size(readRate(w.take()), 'peakrate') / 8;
      else if (word === 'overhead') overhead = number(w.take(), 'overhead');
      else if (word === 'index') index = number(w.take(), 'index');
      else if (word === 'conform-exceed' || word === 'action') {
        const [first = '', second] = w.take().split('/');
        exceed = control(w, first);
        if (second !== undefined) conform = control(w, second);
      } else if (['pkts_rate', 'avrate', 'linklayer', 'mpu'].includes(word))
        throw new TcFault(`softnet: not modelled here: tc action police ${word}`);
      else throw new TcFault(`What is "${word}"?\nbad action parsing`);
    }
  }
  if (rate === 0 && mtu === 0)
    throw new TcFault(
      "'rate' or 'avrate' or 'mtu' or 'pkts_rate' MUST be specified.\nbad action parsing",
    );
  if (rate > 0 && burst === 0) throw new TcFault("'burst' requires 'rate'.\nbad action parsing");
  if (peakrate > 0 && (rate === 0 || mtu === 0))
    throw new TcFault("'mtu' is required, if 'peakrate' is requested.\nbad action parsing");
  const spec = {
    kind: 'police',
    rate,
    burst,
    mtu: mtu || DEFAULT_POLICE_MTU,
    peakrate,
    overhead,
    exceed,
    conform,
  } as const;
  return { kind: 'police', spec, index, control: exceed };
}

function size(value: number | null, name: string): number {
  if (value === null) throw new TcFault(`Illegal "${name}"`);
  return value;
}

function skbedit(w: Words): NewAction {
  let [mark, priority, queue, ptype]: [Masked | null, number | null, number | null, string | null] =
    [null, null, null, null];
  for (;;) {
    if (w.took('mark')) {
      const [value = '', mask = '0xffffffff'] = w.take().split('/');
      mark = { value: number(value, 'mark'), mask: number(mask, 'mark') };
    } else if (w.took('priority')) priority = classId(w.take());
    else if (w.took('queue_mapping')) queue = number(w.take(), 'queue_mapping');
    else if (w.took('ptype')) ptype = w.take();
    else break;
  }
  const rest = tail(w, TC_ACT.PIPE);
  return { kind: 'skbedit', spec: { kind: 'skbedit', mark, priority, queue, ptype }, ...rest };
}

function vlan(w: Words): NewAction {
  const action = w.take();
  if (action !== 'pop' && action !== 'push' && action !== 'modify')
    throw new TcFault(`What is "${action}"?\nbad action parsing`);
  let id = -1;
  let prio = -1;
  for (;;) {
    if (w.took('id')) id = number(w.take(), 'id');
    else if (w.took('priority')) prio = number(w.take(), 'prio');
    else if (w.took('protocol')) w.take();
    else break;
  }
  if (action !== 'pop' && (id < 0 || id > 0xfff))
    throw new TcFault('id needed for push\nbad action parsing');
  const rest = tail(w, TC_ACT.PIPE);
  return {
    kind: 'vlan',
    spec: { kind: 'vlan', action, id: Math.max(0, id), prio },
    ...rest,
  };
}

/// 1:10 as a number; the parts are hexadecimal.
export function classId(word: string): number {
  const [, major, minor] = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i.exec(word) ?? [];
  if (major === undefined) throw new TcFault('Illegal "classid"');
  return Number.parseInt(major || '0', 16) * 0x1_0000 + Number.parseInt(minor || '0', 16);
}

export function classText(id: number): string {
  return `${(id >>> 16).toString(16)}:${(id & 0xffff).toString(16)}`;
}

/// The lines of an action, the first behind `action order N: `.
export function actionLines(k: Kernel, a: TcAction, order: number, stats: boolean): string[] {
  const [first = '', ...rest] = describe(k, a);
  const lines = [`\taction order ${order}: ${first}`, ...rest];
  const counts = `ref ${a.refcnt} bind ${a.bindcnt}`;
  const times = stats ? timesText(k, a) : '';
  if (a.spec.kind === 'police') lines.push(`\t${counts} ${times}`);
  else lines.push(`\t${a.spec.kind === 'mirred' ? '' : ' '}index ${a.index} ${counts}${times}`);
  if (!stats) return lines;
  lines.push('\tAction statistics:');
  lines.push(
    `\tSent ${a.bytes} bytes ${a.packets} pkt (dropped ${a.drops}, overlimits ${a.overlimits} requeues 0) `,
  );
  lines.push('\tbacklog 0b 0p requeues 0');
  return lines;
}

function timesText(k: Kernel, a: TcAction): string {
  const seconds = (since: number): number => Math.max(0, Math.floor((k.now - since) / 1e9));
  const first = a.first_used < 0 ? '' : ` firstused ${seconds(a.first_used)} sec`;
  return ` installed ${seconds(a.installed)} sec used ${seconds(a.used)} sec${first}`;
}

function describe(k: Kernel, a: TcAction): string[] {
  const { spec } = a;
  switch (spec.kind) {
    case 'gact':
      return [`gact action ${controlText(a.control)}`, '\t random type none pass val 0'];
    case 'mirred':
      return [mirredText(k, spec, a.control)];
    case 'police':
      return [policeText(spec, a.index)];
    case 'skbedit':
      return [skbeditText(spec, a.control)];
    case 'vlan': {
      const tag =
        spec.action === 'pop'
          ? ''
          : ` id ${spec.id} protocol 802.1Q${spec.prio >= 0 ? ` priority ${spec.prio}` : ''}`;
      return [`vlan  ${spec.action}${tag} ${controlText(a.control)}`];
    }
  }
}

type Spec<K> = Extract<TcActionSpec, { kind: K }>;

function mirredText(k: Kernel, spec: Spec<'mirred'>, control: number): string {
  const name = k.devs.find((dev) => dev.ifindex === spec.ifindex)?.name ?? '*';
  const where = spec.ingress ? 'Ingress' : 'Egress';
  const what = spec.redirect ? 'Redirect' : 'Mirror';
  return `mirred (${where} ${what} to device ${name}) ${controlText(control)}`;
}

function policeText(spec: Spec<'police'>, index: number): string {
  const ticks = spec.rate > 0 ? xmitTicks(spec.rate, spec.burst) : 0;
  const burst = spec.rate > 0 ? xmitBytes(spec.rate, ticks) : 0;
  const peak = spec.peakrate > 0 ? `peakrate ${rateText(spec.peakrate * 8)} ` : '';
  const conform = spec.conform === TC_ACT.OK ? ' ' : `/${controlText(spec.conform)} `;
  return (
    ` police 0x${index.toString(16)} rate ${rateText(spec.rate * 8)} burst ${sizeText(burst)} ` +
    `mtu ${sizeText(spec.mtu)} ${peak}action ${controlText(spec.exceed)}${conform}overhead ${sizeText(spec.overhead)} `
  );
}

function skbeditText(spec: Spec<'skbedit'>, control: number): string {
  const { mark, priority, queue, ptype } = spec;
  const words = [
    queue === null ? '' : `queue_mapping ${queue}`,
    priority === null ? '' : ` priority ${classText(priority)}`,
    mark === null
      ? ''
      : ` mark ${mark.value}${mark.mask === 0xffff_ffff ? '' : `/0x${mark.mask.toString(16)}`}`,
    ptype === null ? '' : ` ptype ${ptype}`,
  ];
  return `skbedit ${words.join('')} ${controlText(control)}`;
}

/// The word for a verdict. tc/tc_util.c:action_n2a()
function controlText(control: number): string {
  if (control > 0 && (control & 0xf000_0000) === TC_ACT.GOTO_CHAIN)
    return `goto chain ${control & 0x0fff_ffff}`;
  if (control > 0 && (control & 0xf000_0000) === TC_ACT.JUMP)
    return `jump ${control & 0x0fff_ffff}`;
  const words: Readonly<Record<number, string>> = {
    ...{
      [-1]: 'continue',
      0: 'pass',
      1: 'reclassify',
      2: 'drop',
      3: 'pipe',
      4: 'stolen',
      8: 'trap',
    },
  };
  return words[control] ?? String(control);
}
