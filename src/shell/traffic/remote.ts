/// traffic start tcp, clients, syn: hosts at the other end of the wire that speak TCP, and what is told of
/// them.
import { startClients, startSynFlood, startTcp } from '../../kernel/remote/remote_start.ts';
import type { Kernel, Remote } from '../../kernel/state.ts';
import { amountText } from './amounts.ts';
import type { Kind, Words } from './settings.ts';
import { addressTrouble, wireOf } from './start.ts';

const DEFAULT_PORT = 5201; // iperf3's
const DEFAULT_CLIENTS = 100;
const DEFAULT_RATE = { clients: 1_000, syn: 100_000 };
const MOST_FLOWS = 10_000;

export type RemoteKind = Extract<Kind, 'tcp' | 'clients' | 'syn'>;

export function isRemote(kind: Kind): kind is RemoteKind {
  return kind === 'tcp' || kind === 'clients' || kind === 'syn';
}

/// Starts one and returns its id; or a sentence about what is wrong.
export function startRemote(
  k: Kernel,
  kind: RemoteKind,
  asked: Words,
  words: readonly string[],
): number | string {
  const dev = wireOf(k, asked.dev);
  if (typeof dev === 'string') return dev;
  const { rate } = asked;
  if (rate === 'line') return "--rate needs frames or connections a second, not 'line'";
  const trouble = addressTrouble(asked);
  if (trouble) return trouble;
  const common = {
    dev,
    ...{ dport: asked.port ?? DEFAULT_PORT, v6: asked.ip === 6 },
    ...(asked.to !== '' && { daddr: asked.to }),
    label: [kind, ...words].join(' '),
  };
  const limit = asked.count === null ? {} : { limit: asked.count };
  if (kind === 'syn') {
    const pps = rate ?? DEFAULT_RATE.syn;
    return startSynFlood(k, { ...common, ...limit, pps, sources: asked.sources ?? 4096 });
  }
  const bytes = asked.bytes === null ? {} : { bytes: asked.bytes };
  if (kind === 'clients') {
    const most = asked.count ?? DEFAULT_CLIENTS;
    if (most > MOST_FLOWS) return `--count needs a number from 1 to ${MOST_FLOWS}, not '${most}'`;
    return startClients(k, {
      ...common,
      ...bytes,
      rate: rate ?? DEFAULT_RATE.clients,
      limit: most,
    });
  }
  return startTcp(k, {
    ...common,
    ...bytes,
    connections: asked.connections,
    ...(rate !== null && { rate_pps: rate }),
    ...(asked.mss !== null && { mss: asked.mss }),
    ...(asked.train !== null && { train: asked.train }),
  });
}

/// How it is called in lists and by `traffic stop`.
export function remoteId(remote: Remote): string {
  return `r${remote.id}`;
}

/// What it does: r0: tcp to 10.0.0.2:5201 on eth0, 4 connections, 1448-byte segments.
export function remoteText(k: Kernel, r: Remote): string {
  const [kind = ''] = r.label.split(' ');
  const { name } = k.devs[r.dev]!;
  const host = k.flows.daddr[r.first_flow]!;
  const to = `${host.includes(':') ? `[${host}]` : host}:${r.dport}`;
  return `${remoteId(r)}: ${kind} to ${to} on ${name}, ${paceText(r)}, ${partsText(r)}`;
}

/// Its rate in the shortest words.
export function paceText(r: Remote): string {
  if (r.kind === 'clients') return `${amountText(Math.round(1e9 / r.conn_gap_ns))} connections/s`;
  return r.gap_ns > 0 ? `${amountText(Math.round(1e9 / r.gap_ns))}/s` : 'link speed';
}

function partsText(r: Remote): string {
  if (r.kind === 'synflood') return `${r.flows} addresses`;
  const count = r.limit === 1 ? '1 connection' : `${r.limit} connections`;
  return r.kind === 'bulk' ? `${count}, ${r.mss}-byte segments` : count;
}
