/// Follows a program choice by choice. Three uses: to find the groups inside a match whose ends are
/// known (each pair of instruction and place is tried once, so the time is bounded by their
/// product); to match back-references, which no automaton can; and to match as Perl does. The last
/// two may take exponential time, so they have a number of steps to spend.
import { holds, pointAt, pointBefore, sideOf } from './assertions.ts';
import { hasChar } from './charset.ts';
import type { Program } from './program.ts';

/// More steps were needed than `spend` allows.
export class TooHard extends Error {}

export interface Budget {
  steps: number;
}

export interface Goal {
  readonly end: number; // the match must end here; -1: anywhere
  readonly longest: boolean; // go on looking for a longer one
  readonly once: boolean; // try each pair of instruction and place once
}

const maxPairs = 1 << 27;

/// The registers of the match that begins at `from`, or null.
export function run(
  program: Program,
  text: string,
  from: number,
  goal: Goal,
  budget: Budget,
  seed?: Int32Array,
): Int32Array | null {
  return new Walk(program, text, from, goal, budget, seed).run();
}

class Walk {
  private readonly regs: Int32Array;
  private readonly visited: Uint32Array | null;
  private readonly stack: number[] = []; // pc, place; or -1 - slot, old value
  private best: Int32Array | null = null;
  private readonly width: number;
  private readonly program: Program;
  private readonly text: string;
  private readonly from: number;
  private readonly goal: Goal;
  private readonly budget: Budget;

  constructor(
    program: Program,
    text: string,
    from: number,
    goal: Goal,
    budget: Budget,
    seed?: Int32Array,
  ) {
    this.program = program;
    this.text = text;
    this.from = from;
    this.goal = goal;
    this.budget = budget;
    this.regs = new Int32Array(program.slots).fill(-1);
    if (seed) this.regs.set(seed.subarray(0, program.slots));
    this.width = (goal.end < 0 ? text.length : goal.end) - from + 1;
    const pairs = this.width * program.insts.length;
    if (goal.once && pairs > maxPairs) throw new TooHard();
    this.visited = goal.once ? new Uint32Array((pairs >> 5) + 1) : null;
  }

  run(): Int32Array | null {
    this.stack.push(this.program.start, this.from);
    while (this.stack.length > 0) {
      const at = this.stack.pop() as number;
      const pc = this.stack.pop() as number;
      if (pc < 0) this.regs[-1 - pc] = at;
      else if (this.follow(pc, at)) return this.regs;
    }
    return this.best;
  }

  /// Goes on until a dead end, or to the accepted match.
  private follow(start: number, place: number): boolean {
    const { insts } = this.program;
    let pc = start;
    let at = place;
    for (;;) {
      if (--this.budget.steps < 0) throw new TooHard();
      if (this.wasHere(pc, at)) return false;
      const inst = insts[pc];
      if (!inst) throw new Error(`instruction ${pc} of ${insts.length}`);
      switch (inst.op) {
        case 'set': {
          const point = pointAt(this.text, at);
          if (point < 0 || !hasChar(inst.set, point)) return false;
          at += point > 0xffff ? 2 : 1;
          if (this.goal.end >= 0 && at > this.goal.end) return false;
          break;
        }
        case 'split':
          this.stack.push(inst.y, at);
          break;
        case 'assert': {
          const left = sideOf(pointBefore(this.text, at));
          if (!holds(inst.what, left, sideOf(pointAt(this.text, at)))) return false;
          break;
        }
        case 'save':
        case 'mark':
          this.stack.push(-1 - inst.slot, this.regs[inst.slot] as number);
          this.regs[inst.slot] = at;
          break;
        case 'progress':
          if (this.regs[inst.slot] === at) return false;
          break;
        case 'back': {
          const piece = this.group(inst.index);
          if (piece === null || !this.text.startsWith(piece, at)) return false;
          at += piece.length;
          break;
        }
        case 'look':
          if (this.look(inst, at) === inst.negative) return false;
          break;
        case 'accept':
          return this.accept(at);
        case 'jump':
          break;
      }
      pc = inst.x;
    }
  }

  private wasHere(pc: number, at: number): boolean {
    if (!this.visited) return false;
    const bit = pc * this.width + (at - this.from);
    const mask = 1 << (bit & 31);
    const word = this.visited[bit >> 5] as number;
    if (word & mask) return true;
    this.visited[bit >> 5] = word | mask;
    return false;
  }

  private accept(at: number): boolean {
    if (this.goal.end >= 0) return at === this.goal.end;
    if (!this.goal.longest) return true;
    if (!this.best || at > (this.best[1] as number)) this.best = this.regs.slice();
    return at === this.text.length;
  }

  private group(index: number): string | null {
    const start = this.regs[2 * index] as number;
    const end = this.regs[2 * index + 1] as number;
    return start < 0 || end < 0 ? null : this.text.slice(start, end);
  }

  /// Whether the text ahead (or behind) matches. What its groups capture is kept.
  private look(inst: { program: Program; ahead: boolean; negative: boolean }, at: number): boolean {
    const goal = { end: inst.ahead ? -1 : at, longest: false, once: false };
    for (let from = at; from >= 0; from--) {
      const found = run(inst.program, this.text, from, goal, this.budget, this.regs);
      if (found && !inst.negative) this.keepGroups(found);
      if (found || inst.ahead) return found !== null;
    }
    return false;
  }

  private keepGroups(found: Int32Array): void {
    for (let slot = 2; slot < Math.min(found.length, this.regs.length); slot++) {
      if (found[slot] === this.regs[slot] || found[slot] === -1) continue;
      this.stack.push(-1 - slot, this.regs[slot] as number);
      this.regs[slot] = found[slot] as number;
    }
  }
}
