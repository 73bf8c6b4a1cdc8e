/// traffic link, traffic pause: the switch port at the other end of the wire, and the pause frames that it sends.
import { receivePauseFrame } from '../../kernel/pause_frames.ts';
import type { FlowControl, Kernel, NetDevice } from '../../kernel/state.ts';
import { flowControlChanged } from '../../kernel/wire.ts';
import { parseAmount } from './amounts.ts';
import { wireOf } from './start.ts';

const PARTNERS: readonly FlowControl['partner'][] = ['obeys', 'ignores', 'none'];
const MOST_QUANTA = 0xffff;
const MOST_FRAMES = 1_000_000;

export const LINK_OPTIONS = ['--dev', '--pause', '--port-queue'];
export const PAUSE_OPTIONS = ['--dev', '--quanta'];

/// What the words after `traffic link` change, and what the wire is then; or what is wrong with them.
export function changeLink(
  k: Kernel,
  words: readonly string[],
): { readonly told: string } | { readonly wrong: string } {
  const asked = pairs(words, LINK_OPTIONS);
  if (typeof asked === 'string') return { wrong: asked };
  const index = wireOf(k, asked['--dev'] ?? '');
  if (typeof index === 'string') return { wrong: index };
  const dev = k.devs[index]!;
  const partner = PARTNERS.find((name) => name === asked['--pause']);
  if (asked['--pause'] !== undefined && !partner)
    return { wrong: `--pause needs one of ${PARTNERS.join(', ')}, not '${asked['--pause']}'` };
  const frames = wholeNumber(asked['--port-queue'], MOST_FRAMES);
  if (frames === null) return { wrong: `--port-queue needs a number up to ${MOST_FRAMES}` };
  if (partner) setPartner(k, dev, partner);
  if (frames !== undefined) dev.fc.port_frames = frames;
  return { told: linkText(dev) };
}

function setPartner(k: Kernel, dev: NetDevice, partner: FlowControl['partner']): void {
  dev.fc.partner = partner;
  flowControlChanged(k, dev);
  k.config_version++;
}

const MEANING: Readonly<Record<FlowControl['partner'], string>> = {
  obeys: 'obeys pause frames',
  ignores: 'ignores pause frames',
  none: 'neither has nor sees pause frames: an emulated wire',
};

function linkText(dev: NetDevice): string {
  const { partner, port_frames } = dev.fc;
  return `${dev.name}: the other end ${MEANING[partner]}; its port holds ${port_frames} frames of each sender`;
}

/// The other end sends one pause frame. What is wrong with the words, or null.
export function sendPauseFrame(k: Kernel, words: readonly string[]): string | null {
  const asked = pairs(words, PAUSE_OPTIONS);
  if (typeof asked === 'string') return asked;
  const index = wireOf(k, asked['--dev'] ?? '');
  if (typeof index === 'string') return index;
  const quanta = wholeNumber(asked['--quanta'], MOST_QUANTA);
  if (quanta === null) return `--quanta needs a number up to ${MOST_QUANTA}`;
  const dev = k.devs[index]!;
  if (dev.speed_mbps <= 0) return `${dev.name} has no pause frames: its link has no speed`;
  receivePauseFrame(k, dev, quanta ?? MOST_QUANTA);
  return null;
}

/// A number from 0 on; null: it is none; undefined: it was not given.
function wholeNumber(text: string | undefined, most: number): number | null | undefined {
  if (text === undefined) return undefined;
  const amount = parseAmount(text);
  return amount !== null && amount <= most ? amount : null;
}

function pairs(
  words: readonly string[],
  options: readonly string[],
): Record<string, string> | string {
  const asked: Record<string, string> = {};
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i]!;
    if (!options.includes(name)) return `unknown option '${name}'`;
    const text = words[i + 1];
    if (text === undefined) return `${name} needs a value`;
    asked[name] = text;
  }
  return asked;
}
