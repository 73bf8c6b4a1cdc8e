/// The page's side of the talk with its worker: opens the run that the address or the last visit
/// tells, puts samples and output together, matches answers with questions, and lets nothing run
/// while nobody looks.
import type { FieldCard, FromWorker, ToWorker } from '../player/protocol.ts';
import type { Completion, PageMessage } from './page_player.ts';
import { joinSamples, type Known } from './series_store.ts';
import { printChunk, type Transcript } from './transcript.ts';

export interface WorkerLink {
  post(message: ToWorker): void;
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

export function openLink(worker: Worker, scenario: string, page: Page): WorkerLink {
  const { tell, transcript, terminal } = page;
  const asked = new Map<number, (answer: FromWorker) => void>(); // questions by id
  let questions = 0;
  let known: Known | null = null;
  const post = (message: ToWorker) => worker.postMessage(message);

  function hear(message: FromWorker): void {
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
  function ask<T extends FromWorker['type']>(question: (id: number) => ToWorker): Promise<Answer<T>> {
    const id = ++questions;
    return new Promise((resolve) => {
      asked.set(id, (answer) => resolve(answer as Answer<T>));
      post(question(id));
    });
  }

  worker.onmessage = (event: MessageEvent<FromWorker>) => hear(event.data);
  worker.onerror = (event) => tell({ type: 'failed', text: `The simulation stopped: ${event.message}` });
  const restore = () => post({ type: 'restore', scenario, link: linkOf(), stored: stored(scenario) });
  restore();
  addEventListener('hashchange', () => linkOf() && restore());
  const look = () => post({ type: 'hidden', hidden: document.hidden });
  look();
  document.addEventListener('visibilitychange', look);

  return {
    post,
    share: () => ask<'shared'>((id) => ({ type: 'share', id })),
    complete: (line, cursor) => ask<'completions'>((id) => ({ type: 'complete', id, line, cursor })),
    explain: async (ref) => (await ask<'explained'>((id) => ({ type: 'explain', id, ref }))).card,
  };
}

/// The address's hash when it is a share link, and not a heading's name.
const linkOf = () => (location.hash.startsWith('#v=') ? location.hash : '');
const keyOf = (scenario: string) => `softnet:run:${scenario}`;

function stored(scenario: string): string {
  try {
    return sessionStorage.getItem(keyOf(scenario)) ?? '';
  } catch {
    return ''; // storage refused
  }
}
function store(scenario: string, text: string): void {
  try {
    sessionStorage.setItem(keyOf(scenario), text);
  } catch {
    // Storage refused or full: the run lasts for this page.
  }
}
