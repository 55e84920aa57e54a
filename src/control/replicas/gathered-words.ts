// What many small events are told others as: few messages, each below the bound of what the database passes on.

export interface GatheredWordsOptions<Word> {
  /** Between two messages. */
  everyMs: number;
  /** In one message. */
  wordsMax: number;
  say(words: readonly Word[]): void;
}

/** Said a moment after the first one, then at most every `everyMs`. Words that are the same by `keyOf` are said once, as the last one was. */
export class GatheredWords<Word> {
  readonly #options: GatheredWordsOptions<Word>;
  readonly #waiting = new Map<string, Word>();
  #timer: NodeJS.Timeout | null = null;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: GatheredWordsOptions<Word>) {
    this.#options = options;
  }

  add(key: string, word: Word): void {
    this.#waiting.set(key, word);
    const restMs = this.#saidAt + this.#options.everyMs - performance.now();
    this.#timer ??= setTimeout(() => this.#say(), Math.max(gatherMs, restMs)).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #say(): void {
    this.#timer = null;
    this.#saidAt = performance.now();
    const words = [...this.#waiting.values()];
    this.#waiting.clear();
    const { wordsMax, say } = this.#options;
    for (let from = 0; from < words.length; from += wordsMax) say(words.slice(from, from + wordsMax));
  }
}

/** What belongs to one change comes at nearly the same time. */
const gatherMs = 30;
