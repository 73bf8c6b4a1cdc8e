/// Which moments are worth a mark: a kind that comes too often to be told apart says nothing.
import type { Landmark } from '../player/scenario.ts';

/// What happened at a moment, in words: a label alone (CPU 1, rx_queue_drops) does not say it.
export function momentWords({ kind, label }: Landmark): string {
  if (kind === 'irq') return `interrupt on ${label}`;
  if (kind === 'drop') return `dropped: ${label.replace(/^hw:/, '')}`;
  if (kind === 'squeeze') return `time_squeeze on ${label}`;
  if (kind === 'burst') return `burst of ${label}`;
  return label;
}

const most = 32; // marks of one kind

export function worthAMark(landmarks: readonly Landmark[]): Landmark[] {
  const often = new Map<Landmark['kind'], number>();
  for (const { kind } of landmarks) often.set(kind, (often.get(kind) ?? 0) + 1);
  return landmarks.filter(({ kind }) => (often.get(kind) ?? 0) <= most);
}
