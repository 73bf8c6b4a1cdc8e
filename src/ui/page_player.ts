/// The page's one run: its simulation, its terminal and its "run here" buttons share it. The worker
/// is fetched and started when a part of the page first joins and the browser is idle, or at once
/// when something is sent; a run that needs the whole program waits for that. Nothing here touches the page while it is built on a server.
import type { FieldCard, FromWorker, SampleBlock, ToWorker } from '../player/protocol.ts';
import { linkOf, stored } from './left_run.ts';
import { addLine, createTranscript, type Transcript } from './transcript.ts';
import type { WorkerLink } from './worker_link.ts';

/// What the parts of the page hear: the worker's messages, the samples put together, and that the
/// transcript has changed.
export type PageMessage =
  | Exclude<FromWorker, { type: 'series' | 'awake' | 'beyond' | 'left' }>
  | { readonly type: 'samples'; readonly first: number; readonly samples: SampleBlock }
  | { readonly type: 'transcript' };
type Listener = (message: PageMessage) => void;

/// Fetches a program for the worker and starts it: `host` is small and runs what nobody typed into,
/// `shell` is the whole.
export interface StartWorker {
  (program: 'host' | 'shell', scenario: string): Promise<Worker>;
  /// Whether the small program is enough for the scenario. Without it: for all.
  small?(scenario: string): boolean;
}

export interface Completion {
  readonly from: number;
  readonly words: readonly string[];
}

export interface PagePlayer {
  readonly transcript: Transcript;
  readonly terminal: { prompt: string; reads: boolean }; // reads: a command waits for a typed line
  /// Listens to the run of a scenario, and hears at once what is known already. Returns how to leave.
  join(scenario: string, start: StartWorker, listener: Listener): () => void;
  send(message: ToWorker): void;
  /// Somebody is about to type: fetches the shell, so that the first line need not wait for it.
  prepare(): void;
  /// A line from the terminal: a command, or what the running command reads.
  typeLine(line: string): void;
  /// Ctrl-C, with what stood in the line: it stops the running command, or forgets the line.
  interrupt(text?: string): void;
  share(): Promise<{ hash: string; notice: string }>;
  complete(line: string, cursor: number): Promise<Completion>;
  explain(ref: string): Promise<FieldCard | null>;
}

let only: PagePlayer | null = null;

/// The page's player: always the same one.
export function pagePlayer(): PagePlayer {
  return (only ??= createPagePlayer());
}

export function createPagePlayer(): PagePlayer {
  const listeners = new Set<Listener>();
  const latest = new Map<PageMessage['type'], PageMessage>();
  const transcript = createTranscript();
  const terminal = { prompt: '', reads: false };
  let run: { scenario: string; start: StartWorker } | null = null; // of the part that joined first
  let link: Promise<WorkerLink> | null = null;

  function tell(message: PageMessage): void {
    if (message.type === 'frame' || message.type === 'samples') latest.set(message.type, message);
    for (const listener of [...listeners]) listener(message);
  }

  /// The worker, started now if it was not. Messages sent meanwhile keep their order.
  function connected(): Promise<WorkerLink> {
    link ??= open();
    return link;
  }
  async function open(): Promise<WorkerLink> {
    try {
      if (!run) throw new Error('nothing on this page has a run');
      const { scenario, start } = run;
      const [{ openLink }, worker] = await Promise.all([
        import('./worker_link.ts'),
        start('host', scenario),
      ]);
      const whole = () => start('shell', scenario);
      return openLink(worker, whole, scenario, { tell, transcript, terminal });
    } catch (error) {
      tell({
        type: 'failed',
        text: 'The simulation could not be loaded. The page can be read without it.',
      });
      throw error;
    }
  }

  function send(message: ToWorker): void {
    if (message.type === 'open' && transcript.lines.length > 0) note('a fresh host');
    if (message.type === 'type' && message.from === 'knob') note(message.line);
    connected().then(
      (to) => to.post(message),
      () => undefined, // the reader was told
    );
  }
  function note(text: string): void {
    addLine(transcript, 'note', text);
    tell({ type: 'transcript' });
  }

  return {
    transcript,
    terminal,
    send,
    prepare: () =>
      void connected().then(
        (to) => to.prepare(),
        () => undefined,
      ),
    join(scenario, start, listener) {
      listeners.add(listener);
      for (const message of latest.values()) listener(message);
      run ??= { scenario, start };
      // The whole program is too large to be fetched for somebody who only reads.
      if (start.small?.(scenario) !== false || linkOf() || stored(scenario))
        whenIdle(() => void connected().catch(() => undefined));
      return () => void listeners.delete(listener);
    },
    typeLine(line) {
      addLine(transcript, 'typed', line, terminal.reads ? '' : terminal.prompt);
      send(terminal.reads ? { type: 'answer', line } : { type: 'type', line, from: 'terminal' });
      Object.assign(terminal, { prompt: '', reads: false }); // until the worker says the next one
      tell({ type: 'transcript' });
    },
    interrupt(text = '') {
      addLine(transcript, 'out', `${text}^C`, terminal.prompt);
      send({ type: 'interrupt' });
      Object.assign(terminal, { prompt: '', reads: false });
      tell({ type: 'transcript' });
    },
    share: async () => (await connected()).share(),
    complete: async (line, cursor) => (await connected()).complete(line, cursor),
    explain: async (ref) => (await connected()).explain(ref),
  };
}

function whenIdle(act: () => void): void {
  // Safari has no requestIdleCallback.
  if ('requestIdleCallback' in window) requestIdleCallback(act, { timeout: 2_000 });
  else setTimeout(act, 300);
}
