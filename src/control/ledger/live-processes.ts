// Which processes still write to a spool folder, and which are gone for good, so that nothing is closed under one that lives.

/**
 * A process that nobody has named yet may have just been started: the word of it comes another way than its file. Its id says
 * when (UUIDv7); its file is left alone until all words of the time up to this long after it have come.
 */
const namedWithinMs = 2000;

export class LiveProcesses {
  #ids: ReadonlySet<string>;
  /** Processes come and go; false: there is only the one, and whatever else has a file is of an earlier run. */
  #changes: boolean;
  /** All words that were said until then have come; null: they come at once. */
  #heardAtMs: number | null = null;
  /** Gone, and not yet said to be closed. */
  readonly #left = new Set<string>();

  /** `changes`: others than `ids` may come. */
  constructor(ids: readonly string[], { changes = false } = {}) {
    this.#ids = new Set(ids);
    this.#changes = changes;
  }

  /**
   * `replace` has been told all that was known at `atMs`. To be said every second or so: whoever brings the words may be late, and a process
   * that is not named because of that is not gone.
   */
  heard(atMs: number): void {
    this.#heardAtMs = atMs;
  }

  /** From now on these are alive, and no others. */
  replace(ids: readonly string[]): void {
    const next = new Set(ids);
    for (const id of this.#ids) if (!next.has(id)) this.#left.add(id);
    for (const id of next) this.#left.delete(id);
    this.#ids = next;
    this.#changes = true;
  }

  /** Those that have left since `closed` was last said of them. */
  get left(): readonly string[] {
    return [...this.#left];
  }

  /** The account of a process is closed: it need not be listed any more. */
  closed(id: string): void {
    this.#left.delete(id);
  }

  /**
   * To be called before the folder is listed. The answer says of a process whose file is in the list whether that list has all
   * its files and all that it wrote: it was not alive before, and hasn't come since.
   */
  look(nowMs: number): (id: string) => boolean {
    const before = this.#ids;
    return (id) => !before.has(id) && !this.#ids.has(id) && (this.#left.has(id) || !this.#mayBeNew(id, nowMs));
  }

  #mayBeNew(id: string, nowMs: number): boolean {
    if (!this.#changes) return false;
    const bornAtMs = startedAtMs(id);
    // A clock that was set back has left ids of the future: nobody waits for those.
    return bornAtMs > (this.#heardAtMs ?? nowMs) - namedWithinMs && bornAtMs < nowMs + namedWithinMs;
  }
}

/** The time within an id such as `p_0192f0c4…`: its first 48 bits, milliseconds. */
function startedAtMs(id: string): number {
  return Number.parseInt(id.slice(2, 14), 16);
}
