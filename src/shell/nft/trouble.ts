/// Where something was typed, and how nft shows what is wrong with it: the line, and carets under the
/// words. Stands for src/erec.c of nftables 1.1.3.

/// A piece of the input: columns count from 1, the last one is part of it.
export interface Place {
  readonly line: number; // from 1
  readonly first: number;
  readonly last: number;
}

/// Something that nft refuses before the kernel has seen it.
export class Trouble extends Error {
  readonly place: Place;
  readonly also: Place | null; // the other piece of a contradiction
  constructor(place: Place, message: string, also: Place | null = null) {
    super(message);
    this.place = place;
    this.also = also;
  }
}

/// What nft can do and this one does not.
export class Absent extends Error {}

/// A text with commands: a file, standard input, or the words of the command line.
export interface Source {
  readonly name: string; // '' the command line
  readonly text: string;
}

/// From the beginning of one piece to the end of another.
export function span(from: Place, to: Place): Place {
  return from.line === to.line
    ? { line: from.line, first: from.first, last: to.last }
    : { ...from };
}

/// The three lines that nft prints.
export function troubleText(
  source: Source,
  place: Place,
  message: string,
  also: Place | null = null,
): string {
  const lines = source.text.split('\n');
  const line = lines[source.name === '' ? 0 : place.line - 1] ?? '';
  const where =
    source.name === '' ? '' : `${source.name}:${place.line}:${place.first}-${place.last}: `;
  let marks = '';
  for (let i = 0; i < Math.max(place.last, also?.last ?? 0); i++) {
    if (i >= place.first - 1 && i < place.last) marks += '^';
    else if (also && i >= also.first - 1 && i < also.last) marks += '~';
    else marks += line[i] === '\t' ? '\t' : ' ';
  }
  return `${where}Error: ${message}\n${line}\n${marks}\n`;
}
