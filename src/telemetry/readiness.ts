// Whether this process may get traffic, and what is away although it serves.

export interface DegradedPart {
  part: string;
  since: string;
  detail: string;
}

export class Readiness {
  #phase: "starting" | "ready" | "draining" = "starting";
  readonly #parts = new Map<string, DegradedPart>();
  readonly #onChange: () => void;

  /** `onChange`: after a change of the phase, or of which parts are away. */
  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  ready(): void {
    if (this.#phase !== "starting") return;
    this.#phase = "ready";
    this.#onChange();
  }

  draining(): void {
    this.#phase = "draining";
    this.#onChange();
  }

  /** A part of the installation is away; `since` stays that of the first report. */
  degraded(part: string, detail: string, nowMs: number): void {
    const before = this.#parts.get(part);
    const since = before?.since ?? new Date(nowMs).toISOString();
    this.#parts.set(part, { part, since, detail });
    if (before?.detail !== detail) this.#onChange();
  }

  restored(part: string): void {
    if (this.#parts.delete(part)) this.#onChange();
  }

  /** The parts that are away and whose names begin so. */
  partsOf(prefix: string): string[] {
    return [...this.#parts.keys()].filter((part) => part.startsWith(prefix));
  }

  isDegraded(part: string): boolean {
    return this.#parts.has(part);
  }

  get reasons(): DegradedPart[] {
    return [...this.#parts.values()];
  }

  /** Status and body of GET /readyz. */
  answer(nowMs: number): { status: 200 | 503; body: { status: string; reasons: DegradedPart[] } } {
    if (this.#phase !== "ready") {
      const since = new Date(nowMs).toISOString();
      const reasons = [{ part: "process", since, detail: this.#phase }, ...this.reasons];
      return { status: 503, body: { status: this.#phase, reasons } };
    }
    return { status: 200, body: { status: this.#parts.size === 0 ? "ready" : "degraded", reasons: this.reasons } };
  }
}
