/// What the opened terminal and its two faces (xterm and plain text) are given.
import type { PagePlayer, StartWorker } from './page_player.ts';

export interface BodyProps {
  readonly player: PagePlayer;
  readonly scenario: string;
  readonly start: StartWorker;
  readonly grab: boolean; // take the focus on opening
}

export interface FaceProps {
  readonly player: PagePlayer;
  readonly version: number; // grows when the transcript changes
  readonly prompt: string; // '' while a command reads the terminal
  readonly busy: boolean; // a command is running
  readonly grab: boolean;
  readonly notice: (text: string) => void; // says something to the reader, outside the output
}
