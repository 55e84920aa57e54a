// A map whose entries say when they are over: a few of them are looked at with each step, so that no step takes long.

export interface Passing {
  /** Nothing of it counts any more. */
  isOver(nowMs: number): boolean;
}

export class SweptMap<Value extends Passing> {
  readonly #values = new Map<string, Value>();
  #sweep: Iterator<[string, Value]> | null = null;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  entries(): Iterable<[string, Value]> {
    return this.#values;
  }

  /** Looks at the next `count`, and drops those that are over. More than are added on average keep the map as small as what counts, twice. */
  sweep(count: number, nowMs: number): void {
    for (let looked = 0; looked < count; looked++) {
      this.#sweep ??= this.#values.entries();
      const { done, value } = this.#sweep.next();
      if (done === true) {
        this.#sweep = null;
        return;
      }
      if (value[1].isOver(nowMs)) this.#values.delete(value[0]);
    }
  }
}
