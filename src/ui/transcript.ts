/// What stands in the terminal: the lines typed and printed so far, bounded. Both faces of the
/// terminal (xterm and plain text) show the same transcript, so switching loses nothing.
import type { OutputChunk } from '../player/protocol.ts';
import type { Mark } from '../shell/command.ts';

export interface TranscriptLine {
  readonly id: number; // grows by one with each line
  readonly kind: 'typed' | 'out' | 'err' | 'note'; // note: said by the page, not by the host
  readonly prompt: string; // before a typed line
  readonly text: string;
  readonly marks: readonly Mark[];
  readonly open: boolean; // no newline yet
}

const most = 3_000; // lines kept
const slack = 500; // lines above that before the oldest are forgotten

export interface Transcript {
  readonly lines: TranscriptLine[];
  next: number; // id of the next line
}

export function createTranscript(): Transcript {
  return { lines: [], next: 0 };
}

export function addLine(
  transcript: Transcript,
  kind: TranscriptLine['kind'],
  text: string,
  prompt = '',
): void {
  push(transcript, { id: transcript.next++, kind, prompt, text, marks: [], open: false });
}

/// Output continues the last line when that has no newline yet.
export function printChunk(transcript: Transcript, chunk: OutputChunk): void {
  const last = transcript.lines.at(-1);
  const marks = chunk.marks ?? [];
  if (!last?.open) {
    const { text, nl, stream } = chunk;
    push(transcript, { id: transcript.next++, kind: stream, prompt: '', text, marks, open: !nl });
    return;
  }
  const by = last.text.length;
  const moved = marks.map((mark) => ({ ...mark, start: mark.start + by, end: mark.end + by }));
  transcript.lines[transcript.lines.length - 1] = {
    ...last,
    text: last.text + chunk.text,
    marks: [...last.marks, ...moved],
    open: !chunk.nl,
  };
}

function push(transcript: Transcript, line: TranscriptLine): void {
  transcript.lines.push(line);
  if (transcript.lines.length > most + slack) transcript.lines.splice(0, slack);
}
