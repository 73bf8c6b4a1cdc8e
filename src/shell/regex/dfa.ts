/// Runs a program over a text in one pass, by sets of instructions: the time is the length of the
/// text, whatever the expression. The sets are made as they are met and remembered.
/// Left out: groups (backtrack.ts finds them inside a match already known).
import { holds, pointAt, pointBefore, sideOf } from './assertions.ts';
import type { Side } from './assertions.ts';
import { hasChar } from './charset.ts';
import type { Program } from './program.ts';

const endOfText = 128; // index of the edge taken where the text ends
const maxStates = 2000; // then the memory of states is thrown away and grows anew

interface State {
  readonly kernel: readonly number[]; // instructions to go on from, before the jumps are followed
  readonly side: Side; // what was read last
  readonly edges: (Edge | undefined)[]; // by ASCII character, and endOfText
  readonly far: Map<number, Edge>; // by other characters
}

interface Edge {
  readonly hit: boolean; // the expression matches before this character
  readonly to: State | null; // null: no match can come any more
}

export class Automaton {
  private states = new Map<string, State>();
  private readonly program: Program;
  private readonly backwards: boolean;
  private readonly seen: Int32Array;
  private round = 0;

  constructor(program: Program, backwards: boolean) {
    this.program = program;
    this.backwards = backwards;
    this.seen = new Int32Array(program.insts.length);
  }

  /// The end of the longest match that begins at `from`, or -1.
  longest(text: string, from: number): number {
    let state: State | null = this.state([this.program.start], sideOf(pointBefore(text, from)));
    let best = -1;
    for (let i = from; ;) {
      const point = pointAt(text, i);
      const edge: Edge = this.edge(state, point);
      if (edge.hit) best = i;
      if (point < 0 || edge.to === null) return best;
      state = edge.to;
      i += point > 0xffff ? 2 : 1;
    }
  }

  /// Reads from the right and marks every place where a match begins. With `stop` it returns at the
  /// first one found. Gives the leftmost place seen, or -1.
  starts(text: string, marks: Uint8Array | null): number {
    let state = this.state([this.program.start], 0);
    let found = -1;
    for (let i = text.length; ;) {
      const point = pointBefore(text, i);
      const edge = this.edge(state, point);
      if (edge.hit) {
        found = i;
        if (!marks) return i;
        marks[i] = 1;
      }
      if (point < 0 || edge.to === null) return found;
      state = edge.to;
      i -= point > 0xffff ? 2 : 1;
    }
  }

  private edge(state: State, point: number): Edge {
    const index = point < 0 ? endOfText : point;
    const known =
      index <= endOfText && point !== endOfText ? state.edges[index] : state.far.get(point);
    if (known) return known;
    const edge = this.makeEdge(state, point);
    if (index <= endOfText && point !== endOfText) state.edges[index] = edge;
    else state.far.set(point, edge);
    return edge;
  }

  private makeEdge(state: State, point: number): Edge {
    const { insts, start } = this.program;
    const side = sideOf(point);
    const [left, right] = this.backwards ? [side, state.side] : [state.side, side];
    const { accepts, sets } = this.closure(state.kernel, left, right);
    if (point < 0) return { hit: accepts, to: null };
    const next = new Set<number>(this.backwards ? [start] : []);
    for (const pc of sets) {
      const inst = insts[pc];
      if (inst?.op === 'set' && hasChar(inst.set, point)) next.add(inst.x);
    }
    const kernel = [...next].sort((a, b) => a - b);
    return { hit: accepts, to: kernel.length === 0 ? null : this.state(kernel, side) };
  }

  /// Follows everything that consumes nothing.
  private closure(
    kernel: readonly number[],
    left: Side,
    right: Side,
  ): { accepts: boolean; sets: number[] } {
    const { insts } = this.program;
    const sets: number[] = [];
    let accepts = false;
    const round = ++this.round;
    const stack = [...kernel];
    for (let pc = stack.pop(); pc !== undefined; pc = stack.pop()) {
      if (this.seen[pc] === round) continue;
      this.seen[pc] = round;
      const inst = insts[pc];
      if (!inst) throw new Error(`instruction ${pc} of ${insts.length}`);
      if (inst.op === 'accept') accepts = true;
      else if (inst.op === 'set') sets.push(pc);
      else if (inst.op === 'split') stack.push(inst.y, inst.x);
      else if (inst.op !== 'assert' || holds(inst.what, left, right)) stack.push(inst.x);
    }
    return { accepts, sets };
  }

  private state(kernel: readonly number[], side: Side): State {
    const key = `${side}:${kernel.join(',')}`;
    const known = this.states.get(key);
    if (known) return known;
    if (this.states.size >= maxStates) this.states = new Map();
    const state: State = { kernel, side, edges: [], far: new Map() };
    this.states.set(key, state);
    return state;
  }
}
