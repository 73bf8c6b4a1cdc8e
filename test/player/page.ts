import type { WholeProgram } from '../../src/player/desk.ts';
import { openRun, takeOver } from '../../src/player/open_run.ts';
import type { Frame, FromWorker, ToWorker } from '../../src/player/protocol.ts';
import { servePlayer } from '../../src/player/worker.ts';
import { scenarioNamed } from '../../simulations/index.ts';

/// A page with a clock of its own: time passes only when the worker waits, or looks at the clock.
export class Page {
  readonly heard: FromWorker[] = [];
  private now_ms = 0;
  private readonly waiting: { at_ms: number; act: () => void }[] = [];
  readonly send: (message: ToWorker) => void;

  /// With the shell, or without it and with the start of a scenario instead.
  constructor(whole: WholeProgram | null = { openRun, takeOver }, start = '') {
    this.send = servePlayer({
      post: (message) => this.heard.push(structuredClone(message)),
      clock: () => (this.now_ms += 0.02),
      later: (act, ms) => this.waiting.push({ at_ms: this.now_ms + ms, act }),
      scenarioOf: scenarioNamed,
      whole,
    });
    if (start !== '') this.send({ type: 'start', start });
  }

  /// Lets wall time pass; at most `most` slices, so that a worker that never rests is found out.
  pass(wall_ms: number, most = 20_000): this {
    const end_ms = this.now_ms + wall_ms;
    for (let slices = 0; slices < most; slices++) {
      const next = this.waiting.shift();
      if (!next) break;
      if (next.at_ms > end_ms) {
        this.waiting.unshift(next);
        break;
      }
      this.now_ms = Math.max(this.now_ms, next.at_ms);
      next.act();
    }
    this.now_ms = Math.max(this.now_ms, end_ms);
    return this;
  }

  get idle(): boolean {
    return this.waiting.length === 0;
  }

  all<T extends FromWorker['type']>(type: T): Extract<FromWorker, { type: T }>[] {
    return this.heard.filter(
      (message): message is Extract<FromWorker, { type: T }> => message.type === type,
    );
  }

  get frame(): Frame {
    const last = this.all('frame').at(-1);
    if (!last) throw new Error(`no frame among ${this.heard.length} messages`);
    return last.frame;
  }

  get printed(): string[] {
    return this.all('output').flatMap((message) => message.chunks.map((chunk) => chunk.text));
  }
}
