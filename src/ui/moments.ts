/// Which moments are worth a mark: a kind that comes too often to be told apart says nothing.
import type { Landmark } from '../player/scenario.ts';

const most = 32; // marks of one kind

export function worthAMark(landmarks: readonly Landmark[]): Landmark[] {
  const often = new Map<Landmark['kind'], number>();
  for (const { kind } of landmarks) often.set(kind, (often.get(kind) ?? 0) + 1);
  return landmarks.filter(({ kind }) => (often.get(kind) ?? 0) <= most);
}
