// What each target of each model costs: by the model's override, its pool's, or the catalogue. Has every price that was ever used written down.
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { PriceRow } from "../../storage/ports/prices.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { Catalogue, type CatalogueModel, type CatalogueQuestion } from "./catalogue.ts";
import { catalogueNumbers } from "./catalogue-price.ts";
import { catalogueVersion } from "./catalogue-version.ts";
import { overrideFacts } from "./override-price.ts";
import { factsOf, type PriceFacts, rowOf } from "./price-facts.ts";

/** A deployment as a target of a model. */
export interface PricedTarget extends CatalogueQuestion {
  /** The public name that callers use. */
  model: string;
  /** That of the pool which the deployment is in; undefined: it is in none. */
  pool: string | undefined;
}

/** Overrides by the name of their model. */
export type Overrides = ReadonlyMap<string, PriceFacts>;

export function overridesOf(rows: readonly PriceRow[]): Overrides {
  return new Map(rows.map((row) => [row.model, overrideFacts(row)]));
}

interface Dated {
  facts: PriceFacts | null;
  fromMs: number;
  untilMs: number;
}

/** Beyond this, those that were written long ago are forgotten: to write them again does nothing. */
const writtenMax = 50_000;
const currentMax = 20_000;

export class PriceBook {
  readonly #catalogue = new Catalogue();
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #log: Pick<Logger, "warn">;
  /** What of the catalogue holds now. */
  readonly #current = new Map<CatalogueModel, Dated>();
  readonly #written = new Set<string>();
  readonly #unwritten = new Map<string, PriceFacts>();
  #writing: Promise<void> | null = null;

  constructor({ clock, log }: { clock: Pick<Clock, "nowMs">; log: Pick<Logger, "warn"> }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks these up in the catalogue, a few at a time. */
  prepare(targets: Iterable<CatalogueQuestion>): Promise<void> {
    return this.#catalogue.prepare(targets);
  }

  /** Null: nobody knows. To be called after `prepare`, of its targets. */
  priceOf(target: PricedTarget, overrides: Overrides): PriceFacts | null {
    const facts =
      overrides.get(target.model) ??
      (target.pool === undefined ? undefined : overrides.get(target.pool)) ??
      this.#ofCatalogue(this.#catalogue.find(target));
    if (facts !== null && !this.#written.has(facts.price.version)) this.#unwritten.set(facts.price.version, facts);
    return facts;
  }

  /** Whether some price of the catalogue has ended since it was given out. Says so once. */
  hasChanged(): boolean {
    const nowMs = this.#clock.nowMs();
    let changed = false;
    for (const [model, { fromMs, untilMs }] of this.#current) {
      if (nowMs >= fromMs && nowMs < untilMs) continue;
      this.#current.delete(model);
      changed = true;
    }
    return changed;
  }

  /**
   * Begins to write down the prices given out since, so that rows of the ledger can be explained by their version. Nothing waits for
   * it: a database that takes no writes keeps no price from callers, and is asked again the next time.
   */
  write(storage: Pick<Repositories, "priceVersions">): void {
    if (this.#unwritten.size === 0) return;
    this.#writing ??= this.#write(storage).finally(() => {
      this.#writing = null;
    });
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write({ priceVersions }: Pick<Repositories, "priceVersions">): Promise<void> {
    try {
      while (this.#unwritten.size > 0) {
        const versions = [...this.#unwritten.keys()];
        await priceVersions.insertMissing([...this.#unwritten.values()].map((facts) => rowOf(facts, this.#clock.nowMs())));
        if (this.#written.size > writtenMax) this.#written.clear();
        for (const version of versions) {
          this.#unwritten.delete(version);
          this.#written.add(version);
        }
      }
    } catch (error) {
      this.#log.warn({ err: error }, "prices in use could not be written to the database yet");
    }
  }

  #ofCatalogue(found: CatalogueModel | null): PriceFacts | null {
    if (found === null) return null;
    const nowMs = this.#clock.nowMs();
    const known = this.#current.get(found);
    if (known !== undefined && nowMs >= known.fromMs && nowMs < known.untilMs) return known.facts;
    const { numbers, ...dates } = catalogueNumbers(found, nowMs);
    const { provider, model } = found;
    const origin = { source: "catalogue", provider, model, catalogueVersion: catalogueVersion.version } as const;
    const facts = numbers === null ? null : factsOf(origin, numbers);
    if (this.#current.size >= currentMax) this.#current.clear();
    this.#current.set(found, { facts, ...dates });
    return facts;
  }
}
