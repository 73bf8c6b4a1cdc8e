/// The instructions of an automaton, made from the tree. Two forms: forwards, with the marks that
/// capture groups, and backwards, to find where a match can begin by reading from the right.
import type { Assertion, Node, Repeat } from './ast.ts';
import { messages, RegexError } from './ast.ts';
import type { CharSet } from './charset.ts';

/// Every instruction goes on to `x`; a split prefers `x` and may take `y`.
export type Inst =
  | { op: 'set'; set: CharSet; x: number }
  | { op: 'split'; x: number; y: number }
  | { op: 'jump'; x: number }
  | { op: 'assert'; what: Assertion; x: number }
  | { op: 'save'; slot: number; x: number }
  | { op: 'mark'; slot: number; x: number } // a loop begins a turn here
  | { op: 'progress'; slot: number; x: number } // the turn must have consumed something
  | { op: 'back'; index: number; x: number }
  | { op: 'look'; program: Program; ahead: boolean; negative: boolean; x: number }
  | { op: 'accept' };

export interface Program {
  readonly insts: readonly Inst[];
  readonly start: number;
  readonly slots: number; // registers: two for each group, then one for each loop
}

const maxInsts = 30_000; // beyond this the expression is refused as too big

export function compileProgram(root: Node, groups: number, backwards: boolean): Program {
  const compiler = new Compiler(groups, backwards);
  const accept = compiler.emit({ op: 'accept' });
  const start = backwards ? compiler.node(root, accept) : compiler.whole(root, accept);
  return { insts: compiler.insts, start, slots: compiler.slots };
}

/// Builds from the end: each part knows what follows it.
class Compiler {
  readonly insts: Inst[] = [];
  slots: number;
  private readonly groups: number;
  private readonly backwards: boolean;

  constructor(groups: number, backwards: boolean) {
    this.groups = groups;
    this.backwards = backwards;
    this.slots = 2 * (groups + 1);
  }

  emit(inst: Inst): number {
    if (this.insts.length >= maxInsts) throw new RegexError(messages.size);
    return this.insts.push(inst) - 1;
  }

  whole(root: Node, next: number): number {
    const end = this.emit({ op: 'save', slot: 1, x: next });
    return this.emit({ op: 'save', slot: 0, x: this.node(root, end) });
  }

  node(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'set':
        return this.emit({ op: 'set', set: node.set, x: next });
      case 'cat':
        return this.backwards
          ? node.items.reduce((after, item) => this.node(item, after), next)
          : node.items.reduceRight((after, item) => this.node(item, after), next);
      case 'alt':
        return node.items
          .map((item) => this.node(item, next))
          .reduceRight((rest, item) => this.emit({ op: 'split', x: item, y: rest }));
      case 'repeat':
        return this.repeat(node, next);
      case 'group':
        return this.group(node.item, node.index, next);
      case 'assert':
        return this.emit({ op: 'assert', what: node.what, x: next });
      case 'back':
        return this.emit({ op: 'back', index: node.index, x: next });
      case 'keep':
        return this.emit({ op: 'save', slot: 0, x: next });
      case 'look':
        return this.look(node.item, node.ahead, node.negative, next);
    }
  }

  private group(item: Node, index: number, next: number): number {
    if (index === 0 || this.backwards) return this.node(item, next);
    const end = this.emit({ op: 'save', slot: 2 * index + 1, x: next });
    return this.emit({ op: 'save', slot: 2 * index, x: this.node(item, end) });
  }

  private look(item: Node, ahead: boolean, negative: boolean, next: number): number {
    const program = compileProgram(item, this.groups, false);
    return this.emit({ op: 'look', program, ahead, negative, x: next });
  }

  // glibc lets an optional turn of x{0,n} match nothing, and not one of x{1,n}: seen in \1.
  private repeat(node: Repeat, next: number): number {
    const { item, min, max, lazy } = node;
    let after = max === Infinity ? this.loop(node, next) : next;
    for (let i = min; max !== Infinity && i < max; i++)
      after = this.emit(
        this.split(min > 0 ? this.turn(item, after) : this.node(item, after), next, lazy),
      );
    for (let i = 0; i < min; i++) after = this.node(item, after);
    return after;
  }

  /// One turn of a repetition that may as well be left out: it must consume something.
  private turn(item: Node, next: number): number {
    if (!nullable(item)) return this.node(item, next);
    const slot = this.slots++;
    const check = this.emit({ op: 'progress', slot, x: next });
    return this.emit({ op: 'mark', slot, x: this.node(item, check) });
  }

  private loop(node: Repeat, next: number): number {
    const at = this.emit({ op: 'jump', x: next }); // replaced below, when the body is known
    this.insts[at] = this.split(this.turn(node.item, at), next, node.lazy);
    return at;
  }

  private split(body: number, out: number, lazy: boolean): Inst {
    return lazy ? { op: 'split', x: out, y: body } : { op: 'split', x: body, y: out };
  }
}

function nullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'cat':
      return node.items.every(nullable);
    case 'alt':
      return node.items.some(nullable);
    case 'repeat':
      return node.min === 0 || nullable(node.item);
    case 'group':
      return nullable(node.item);
    default:
      return true;
  }
}
