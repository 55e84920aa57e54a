// Counts calls by model, endpoint and status: what Counter of prom-client shows, without its cost of a text made per call.
import type { ExportedCalls } from "./exported-series.ts";
import type { Exposed } from "./exposed-metric.ts";

interface Cell {
  labels: { model: string; endpoint: string; status: string };
  value: number;
}

export class CallCounter implements Exposed {
  readonly name: string;
  readonly help: string;
  readonly type = "counter";
  readonly #cells = new Map<string, Map<string, Map<number, Cell>>>();
  /** The same cells in the order in which they came to be. */
  readonly #values: Cell[] = [];

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  count(model: string, endpoint: string, status: number): void {
    const cell = this.#cells.get(model)?.get(endpoint)?.get(status);
    if (cell !== undefined) cell.value += 1;
    else this.#begin(model, endpoint, status).value = 1;
  }

  /** Counts calls that another process has had. */
  add(model: string, endpoint: string, status: number, count: number): void {
    if (count === 0) return;
    const cell = this.#cells.get(model)?.get(endpoint)?.get(status) ?? this.#begin(model, endpoint, status);
    cell.value += count;
  }

  export(): ExportedCalls[] {
    return this.#values.map(({ labels, value }) => ({ ...labels, status: Number(labels.status), count: value }));
  }

  values(): readonly Cell[] {
    return this.#values;
  }

  #begin(model: string, endpoint: string, status: number): Cell {
    const cell = { labels: { model, endpoint, status: String(status) }, value: 0 };
    this.#values.push(cell);
    const endpoints = this.#cells.get(model) ?? new Map<string, Map<number, Cell>>();
    const statuses = endpoints.get(endpoint) ?? new Map<number, Cell>();
    this.#cells.set(model, endpoints.set(endpoint, statuses.set(status, cell)));
    return cell;
  }
}
