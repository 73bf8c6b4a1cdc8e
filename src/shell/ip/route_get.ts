/// ip route get: which way a packet would go, from here or as one that came in by a device.
/// Stands for inet_rtm_getroute() in net/ipv4/route.c as iproute2 prints its answer.
/// Left out: fibmatch, ports and protocols, VRFs.
import type { ErrnoName } from '../../kernel/errno.ts';
import { RT_TABLE_MAIN } from '../../kernel/fib_rules.ts';
import { noResult } from '../../kernel/fib_semantics.ts';
import { RTN, type FlowKey } from '../../kernel/fib_trie.ts';
import { addressText } from '../../kernel/flows.ts';
import {
  flowKey,
  inputRoute,
  ip_route_output_key_hash,
  MARTIAN,
  RPFILTER,
} from '../../kernel/route.ts';
import type { Kernel } from '../../kernel/state.ts';
import type { Io, Running } from '../command.ts';
import { metricText } from './route_print.ts';
import { cNumber, destination, tableName, typeName } from './route_words.ts';
import { paint, type Style } from './style.ts';
import { answer, incomplete, noDevice, notModelled, wrongArgument } from './trouble.ts';

interface Asked extends FlowKey {
  seen: boolean; // a destination was named
  input: boolean;
}

/// The words after `get`; a number is the exit status of what was wrong with them.
function* parse(io: Io, words: readonly string[]): Running<Asked | number> {
  const asked: Asked = { ...flowKey({}), seen: false, input: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const keyed = ['to', 'from', 'iif', 'oif', 'dev', 'mark', 'tos', 'dsfield'].includes(word);
    const next = keyed ? words[++i] : word;
    if (next === undefined) return yield* incomplete(io);
    if (word === 'iif' || word === 'oif' || word === 'dev') {
      const index = io.k.devs.findIndex((dev) => dev.name === next);
      if (index < 0) return yield* noDevice(io, next);
      asked[word === 'iif' ? 'iif' : 'oif'] = index;
      if (word === 'iif') asked.input = true;
    } else if (word === 'mark' || word === 'tos' || word === 'dsfield') {
      const number = cNumber(next);
      if (number === null) return yield* wrongArgument(io, next, `Invalid "${word}" value\n`);
      asked[word === 'mark' ? 'mark' : 'tos'] = number;
    } else {
      const prefix = destination(next);
      if (!keyed && (prefix === null || asked.seen))
        return yield* notModelled(io, `route get ... ${next}`);
      if (prefix === null) {
        yield* io.err.line(`Error: any valid prefix is expected rather than "${next}".`);
        return 1;
      }
      if (word === 'from') asked.saddr = prefix.number;
      else {
        asked.daddr = prefix.number;
        asked.seen = true;
      }
    }
  }
  return asked;
}

/// What the answer says, whichever way it was found.
interface Answer {
  readonly type: number;
  readonly gw: number;
  readonly dev: number;
  readonly table: number;
  readonly src: number; // 0: not shown
  readonly metrics: string;
  readonly local: boolean;
}

export function* routeGet(io: Io, style: Style, words: readonly string[]): Running {
  const asked = yield* parse(io, words);
  if (typeof asked === 'number') return asked;
  if (!asked.seen) {
    yield* io.err.line('need at least a destination address');
    return 1;
  }
  if (style.json) return yield* notModelled(io, '-j route get');
  const found = asked.input ? inward(io.k, asked) : outward(io.k, asked);
  if (typeof found === 'string') return yield* answer(io, { ok: false, errno: found });
  const { type, gw, dev, table, src, local } = found;
  const out = local && type === RTN.LOCAL ? 'lo' : io.k.devs[dev]!.name;
  yield* io.out.line(
    [
      type === RTN.UNICAST ? '' : `${typeName(type)} `,
      `${paint(style, 'inet', addressText(asked.daddr))} `,
      asked.saddr ? `from ${paint(style, 'inet', `${addressText(asked.saddr)} `)}` : '',
      asked.tos ? `tos 0x${asked.tos.toString(16)} ` : '',
      gw ? `via ${paint(style, 'inet', `${addressText(gw)} `)}` : '',
      `dev ${paint(style, 'device', `${out} `)}`,
      table === RT_TABLE_MAIN || table === 0 ? '' : `table ${tableName(table)} `,
      src ? `src ${paint(style, 'inet', `${addressText(src)} `)}` : '',
      asked.mark ? `mark 0x${asked.mark.toString(16)} ` : '',
      `uid ${io.uid} `,
    ].join(''),
  );
  const flags = [local ? 'local' : '', type === RTN.BROADCAST ? 'brd' : ''].filter(Boolean);
  yield* io.out.line(
    `    cache ${flags.length ? `<${flags.join(',')}> ` : ''}${found.metrics}` +
      (asked.input ? `iif ${io.k.devs[asked.iif]!.name} ` : ''),
  );
  return 0;
}

function outward(k: Kernel, asked: Asked): Answer | ErrnoName {
  const out = ip_route_output_key_hash(k, asked);
  if (typeof out === 'string') return out;
  return {
    type: out.type,
    gw: out.gw,
    dev: out.dev,
    table: out.table,
    src: asked.saddr ? 0 : out.saddr,
    metrics: metricText(out.metrics, out.mtu_lock),
    local: out.dev === 0,
  };
}

function inward(k: Kernel, asked: Asked): Answer | ErrnoName {
  const res = noResult();
  const rt = inputRoute(k, asked, res);
  if (rt === MARTIAN) return 'EINVAL';
  if (rt === RPFILTER) return 'EXDEV';
  const dst = k.fib.dsts[rt]!;
  if (dst.error !== '') return dst.error as ErrnoName;
  const here = dst.type !== RTN.UNICAST;
  return {
    type: dst.type,
    gw: dst.gw,
    dev: here ? 0 : dst.dev,
    table: res.table,
    src: 0,
    metrics: metricText(dst.mtu ? { mtu: dst.mtu } : {}, false),
    local: here,
  };
}
