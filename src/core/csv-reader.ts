// Reads CSV as RFC 4180 has it, and as spreadsheets write it: line ends of any kind, a byte order mark, a last line without an end.

export interface CsvLine {
  /** From 1: that of the file in which the line begins. */
  line: number;
  cells: string[];
}

/** The file is no CSV. */
export class CsvError extends Error {
  readonly line: number;
  /** Cells from 1. */
  readonly column: number;
  constructor(line: number, column: number, message: string) {
    super(message);
    this.name = "CsvError";
    this.line = line;
    this.column = column;
  }
}

/** Each line as it is read; empty ones are left out. Throws CsvError. */
export function* readCsv(text: string): Generator<CsvLine, void, void> {
  let at = text.startsWith("\ufeff") ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const begun: CsvLine = { line, cells: [] };
    for (;;) {
      const cell = text[at] === '"' ? quoted(text, at, line, begun.cells.length + 1) : plain(text, at);
      begun.cells.push(cell.value);
      line += cell.lineEnds;
      at = cell.end;
      if (text[at] !== ",") break;
      at += 1;
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at += 1;
    at += 1;
    line += 1;
    if (begun.cells.length > 1 || begun.cells[0] !== "") yield begun;
  }
}

interface Cell {
  value: string;
  /** Behind it. */
  end: number;
  /** Inside it. */
  lineEnds: number;
}

const plainEnd = /[,\r\n]/g;

function plain(text: string, from: number): Cell {
  plainEnd.lastIndex = from;
  const end = plainEnd.exec(text)?.index ?? text.length;
  return { value: text.slice(from, end), end, lineEnds: 0 };
}

function quoted(text: string, from: number, line: number, column: number): Cell {
  let value = "";
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new CsvError(line, column, "a quote is opened that is never closed");
    value += text.slice(at, quote);
    if (text[quote + 1] === '"') {
      value += '"';
      at = quote + 2;
      continue;
    }
    const end = quote + 1;
    if (end < text.length && !/[,\r\n]/.test(text[end] as string)) {
      throw new CsvError(line, column, "there is text behind a closing quote");
    }
    return { value, end, lineEnds: value.match(/\r\n|\r|\n/g)?.length ?? 0 };
  }
}
