// Aligned columns that fit a terminal.
import { printable } from "./printable.ts";

export interface Column<Row> {
  head: string;
  cell(row: Row): string | number | null | undefined;
  /** Numbers stand right. Default left. */
  align?: "right";
  /** The colour of a cell where there are colours. */
  colour?(row: Row): Colour | null;
}

export type Colour = "green" | "yellow" | "red" | "dim";

export interface TableStyle {
  /** Of the terminal, in characters; null: none, so that nothing is cut. */
  width: number | null;
  colours: boolean;
}

const codes: Readonly<Record<Colour | "bold", string>> = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33" };
const gap = "  ";
const narrowest = 6;

/** Lines of text, the head first. Where the columns are too wide together, the widest are cut, marked by "…". */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle): string {
  const cells = rows.map((row) => columns.map((column) => printable(String(column.cell(row) ?? ""))));
  const wanted = columns.map(({ head }, index) => Math.max(head.length, ...cells.map((line) => lengthOf(line[index] ?? ""))));
  const widths = style.width === null ? wanted : fitted(wanted, style.width - gap.length * (columns.length - 1));
  const line = (texts: readonly string[], paint: (index: number) => Colour | "bold" | null) =>
    columns
      .map(({ align }, index) => {
        const text = cut(texts[index] ?? "", widths[index] as number);
        const filling = " ".repeat((widths[index] as number) - lengthOf(text));
        const painted = painting(text, style.colours ? paint(index) : null);
        return align === "right" ? filling + painted : painted + filling;
      })
      .join(gap)
      .trimEnd();
  const head = columns.map((column) => column.head.toUpperCase());
  return [
    line(head, () => "bold"),
    ...rows.map((row, number) => line(cells[number] as string[], (index) => columns[index]?.colour?.(row) ?? null)),
  ].join("\n");
}

/** Names and what they are, one per line; what is empty is left out. Values that go over several lines are set below each other. */
export function facts(pairs: readonly (readonly [string, string | number | null | undefined])[]): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => {
      const [first = "", ...more] = String(value).split("\n").map(printable);
      return [`${name.padEnd(width)}${gap}${first}`, ...more.map((text) => `${" ".repeat(width)}${gap}${text}`)].join("\n");
    })
    .join("\n");
}

/** The widest column gives way first, down to a few characters each. */
function fitted(wanted: readonly number[], available: number): number[] {
  const widths = [...wanted];
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - available; excess > 0; excess -= 1) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function cut(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${[...text].slice(0, width - 1).join("")}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function painting(text: string, colour: Colour | "bold" | null): string {
  return colour === null || text === "" ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;
}
