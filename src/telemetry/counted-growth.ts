// By how much the counters of other processes have grown since they were last read, so that sums never fall when a process ends.

/** One that did not answer for so many scrapes has ended; its run does not come back. */
const silentRoundsMax = 100;

interface Known {
  cells: Map<string, Float64Array>;
  silentRounds: number;
}

export class CountedGrowth {
  readonly #known = new Map<string, Known>();

  /**
   * For the run of a process named `id`: a function that takes what the counters under a key show now, and says by how much each
   * has grown since the last time (from 0 at first). Answers that come in the wrong order count nothing twice.
   */
  of(id: string): (key: string, numbers: ArrayLike<number>) => Float64Array {
    const known = this.#known.get(id) ?? { cells: new Map<string, Float64Array>(), silentRounds: 0 };
    this.#known.set(id, known);
    known.silentRounds = 0;
    return (key, numbers) => grow(known.cells, key, numbers);
  }

  /** All that answered have been taken in. */
  endRound(): void {
    for (const [id, known] of this.#known) {
      known.silentRounds += 1;
      if (known.silentRounds > silentRoundsMax) this.#known.delete(id);
    }
  }
}

function grow(cells: Map<string, Float64Array>, key: string, numbers: ArrayLike<number>): Float64Array {
  let before = cells.get(key);
  if (before === undefined) {
    before = new Float64Array(numbers.length);
    cells.set(key, before);
  }
  const grown = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const now = numbers[i] as number;
    const more = now - (before[i] as number);
    if (!(more > 0)) continue;
    grown[i] = more;
    before[i] = now;
  }
  return grown;
}
