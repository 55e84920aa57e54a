// Whether this process may get traffic, and what is away although it serves.

export interface DegradedPart {
  part: string;
  since: string;
  detail: string;
}

export class Readiness {
  #phase: "starting" | "ready" | "draining" = "starting";
  readonly #parts = new Map<string, DegradedPart>();

  ready(): void {
    if (this.#phase === "starting") this.#phase = "ready";
  }

  draining(): void {
    this.#phase = "draining";
  }

  /** A part of the installation is away; `since` stays that of the first report. */
  degraded(part: string, detail: string, nowMs: number): void {
    const since = this.#parts.get(part)?.since ?? new Date(nowMs).toISOString();
    this.#parts.set(part, { part, since, detail });
  }

  restored(part: string): void {
    this.#parts.delete(part);
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
