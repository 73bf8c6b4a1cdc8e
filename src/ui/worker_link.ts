/// The page's side of the talk with its worker: opens the run that the address or the last visit
/// tells, puts samples and output together, matches answers with questions, and lets nothing run
/// while nobody looks. The worker's program is the small one until something needs the shell (see
/// protocol.ts); the change goes unnoticed, as the other program shows the same moment.
import type { FieldCard, FromWorker, LeftRun, ToWorker } from '../player/protocol.ts';
import { linkOf, store, stored } from './left_run.ts';
import type { Completion, PageMessage } from './page_player.ts';
import { joinSamples, type Known } from './series_store.ts';
import { printChunk, type Transcript } from './transcript.ts';

export interface WorkerLink {
  post(message: ToWorker): void;
  /// Changes to the program with the shell now, before anything needs it.
  prepare(): void;
  share(): Promise<{ hash: string; notice: string }>;
  complete(line: string, cursor: number): Promise<Completion>;
  explain(ref: string): Promise<FieldCard | null>;
}

/// What the link writes to.
interface Page {
  readonly tell: (message: PageMessage) => void;
  readonly transcript: Transcript;
  readonly terminal: { prompt: string; reads: boolean };
}

type Answer<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

export function openLink(
  first: Worker,
  startWhole: () => Promise<Worker>,
  scenario: string,
  page: Page,
): WorkerLink {
  const { tell, transcript, terminal } = page;
  const asked = new Map<number, (answer: FromWorker) => void>(); // questions by id
  let questions = 0;
  let known: Known | null = null;
  let worker = first;
  let whole: Promise<Worker> | null = null; // the program with the shell, from when it is wanted
  let leaving = false; // the small program was told to leave
  let back: ToWorker[] = []; // what the small program could not do, and what was sent meanwhile

  function post(message: ToWorker): void {
    if (leaving) back.push(message);
    else worker.postMessage(message);
  }

  /// Fetches the program with the shell; the small one plays on until it is there.
  function prepare(): void {
    if (whole) return;
    whole = startWhole().then(awake);
    whole.then(
      () => {
        worker.postMessage({ type: 'leave' } satisfies ToWorker);
        leaving = true;
      },
      () => {
        tell({ type: 'failed', text: 'The shell could not be loaded. The simulation goes on.' });
        for (const message of back) if ('id' in message) hear(noAnswer(message));
        back = [];
        whole = null;
        worker.postMessage({ type: 'stay' } satisfies ToWorker);
      },
    );
  }
  function change(next: Worker, run: LeftRun | null): void {
    worker.terminate();
    worker = listen(next);
    const before: ToWorker[] = [
      { type: 'hidden', hidden: document.hidden },
      { type: 'adopt', run },
    ];
    for (const message of [...before, ...back]) worker.postMessage(message);
    leaving = false;
    back = [];
  }

  function hear(message: FromWorker): void {
    if (message.type === 'awake') {
      if (message.whole) whole ??= Promise.resolve(worker); // a scenario that needs it begins with it
      return;
    }
    if (message.type === 'beyond') {
      back.push(message.message);
      return prepare();
    }
    if (message.type === 'left') return void whole?.then((next) => change(next, message.run));
    if ('id' in message) {
      asked.get(message.id)?.(message);
      asked.delete(message.id);
      return;
    }
    if (message.type === 'series') {
      known = joinSamples(known, message.from, message.samples);
      tell({ type: 'samples', ...known });
      return;
    }
    if (message.type === 'ready') known = null;
    else if (message.type === 'output') {
      for (const chunk of message.chunks) printChunk(transcript, chunk);
      tell({ type: 'transcript' });
    } else if (message.type === 'prompt') {
      Object.assign(terminal, { prompt: message.prompt, reads: false });
    } else if (message.type === 'input') terminal.reads = true;
    else if (message.type === 'store') store(message.scenario, message.text);
    tell(message);
  }
  function ask<T extends FromWorker['type']>(
    question: (id: number) => ToWorker,
  ): Promise<Answer<T>> {
    const id = ++questions;
    return new Promise((resolve) => {
      asked.set(id, (answer) => resolve(answer as Answer<T>));
      post(question(id));
    });
  }

  function listen(to: Worker): Worker {
    to.onmessage = (event: MessageEvent<FromWorker>) => hear(event.data);
    to.onerror = (event) =>
      tell({ type: 'failed', text: `The simulation stopped: ${event.message}` });
    return to;
  }
  listen(first);
  const restore = () =>
    post({ type: 'restore', scenario, link: linkOf(), stored: stored(scenario) });
  restore();
  addEventListener('hashchange', () => linkOf() && restore());
  const look = () => post({ type: 'hidden', hidden: document.hidden });
  look();
  document.addEventListener('visibilitychange', look);

  return {
    post,
    prepare,
    share: () => ask<'shared'>((id) => ({ type: 'share', id })),
    complete: (line, cursor) =>
      ask<'completions'>((id) => ({ type: 'complete', id, line, cursor })),
    explain: async (ref) => (await ask<'explained'>((id) => ({ type: 'explain', id, ref }))).card,
  };
}

/// A worker's program says when it listens.
function awake(worker: Worker): Promise<Worker> {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(worker);
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

/// To a question that nobody can answer.
function noAnswer({ type, id }: Extract<ToWorker, { id: number }>): FromWorker {
  if (type === 'complete') return { type: 'completions', id, from: 0, words: [] };
  if (type === 'explain') return { type: 'explained', id, card: null };
  return { type: 'shared', id, hash: '', notice: 'There is no link now. Try again.' };
}
