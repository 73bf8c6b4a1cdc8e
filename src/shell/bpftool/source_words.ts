/// The words of a line in the text form of a program, and what is wrong with them.

/// What is wrong with a source, and where.
export class SourceTrouble extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/// The words of one line, taken from the left.
export class Words {
  readonly line: number;
  private readonly words: string[];
  constructor(words: string[], line: number) {
    this.words = words;
    this.line = line;
  }
  peek(): string {
    return this.words[0] ?? '';
  }
  take(): string {
    const word = this.words.shift();
    if (word === undefined) throw this.trouble('the line ends too early');
    return word;
  }
  takes(word: string): boolean {
    if (this.words[0] !== word) return false;
    this.words.shift();
    return true;
  }
  number(): number {
    const word = this.take();
    if (!/^(\d+|0x[0-9a-f]+)$/i.test(word)) throw this.trouble(`${word} is not a number`);
    return Number(word);
  }
  get over(): boolean {
    return this.words.length === 0;
  }
  trouble(message: string): SourceTrouble {
    return new SourceTrouble(this.line, message);
  }
}
