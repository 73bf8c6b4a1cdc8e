/// A worker that does nothing but note what it is told; the test speaks for it.
import type { FromWorker, ToWorker } from '../../src/player/protocol.ts';

export interface FakeWorker {
  readonly told: ToWorker[];
  readonly start: () => Promise<Worker>;
  readonly ended: boolean;
  say(message: FromWorker): void;
}

export function fakeWorker(): FakeWorker {
  const told: ToWorker[] = [];
  let ended = false;
  const worker = {
    onmessage: null as ((event: MessageEvent) => void) | null,
    onerror: null,
    terminate: () => void (ended = true),
    postMessage: (message: ToWorker) => void told.push(message),
  };
  return {
    told,
    get ended() {
      return ended;
    },
    start: () => Promise.resolve(worker as unknown as Worker),
    say: (data) => worker.onmessage?.(new MessageEvent('message', { data })),
  };
}
