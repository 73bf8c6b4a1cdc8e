/// The two programs of a worker, which do nothing but note what they are told; the test speaks for
/// them. The one with the shell takes over when it is wanted, as the real one does.
import type { FromWorker, ToWorker } from '../../src/player/protocol.ts';
import type { StartWorker } from '../../src/ui/page_player.ts';

export interface FakePrograms {
  readonly told: ToWorker[]; // without the talk about the change of programs
  readonly start: StartWorker;
  say(message: FromWorker): void;
}

interface Program {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: null;
  terminate: () => void;
  postMessage: (message: ToWorker) => void;
}

export function fakePrograms(): FakePrograms {
  const told: ToWorker[] = [];
  let speaks: Program | null = null;
  const hears = (program: Program | null, data: FromWorker) =>
    program?.onmessage?.(new MessageEvent('message', { data }));

  function programOf(name: 'host' | 'shell'): Program {
    const program: Program = {
      onmessage: null,
      onerror: null,
      terminate: () => undefined,
      postMessage: (message) => {
        if (message.type === 'adopt') speaks = program;
        else if (message.type === 'leave')
          queueMicrotask(() => hears(program, { type: 'left', run: null }));
        else if (message.type !== 'hidden') told.push(message);
      },
    };
    if (name === 'host') speaks = program;
    else setTimeout(() => hears(program, { type: 'awake', whole: true }));
    return program;
  }
  return {
    told,
    start: (name) => Promise.resolve(programOf(name) as unknown as Worker),
    say: (data) => hears(speaks, data),
  };
}
