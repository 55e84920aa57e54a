// The catalogue of providers' prices. Its data, 0.5 MB of program, is loaded when the first price is asked for: 2 MB of memory from then on.
import { createRequire } from "node:module";
import type { ConditionalPrice, Provider } from "@pydantic/genai-prices";

/** A model as the catalogue lists it. */
export interface CatalogueModel {
  provider: string;
  model: string;
  /** The id that it was asked for by. */
  upstreamModel: string;
  /** The last one whose constraint holds is the price. */
  prices: readonly ConditionalPrice[];
}

/** What is asked of the catalogue: an id at an endpoint. */
export interface CatalogueQuestion {
  /** The endpoint's URL: whose prices hold is told by it alone, never by a model's name. */
  url: string;
  upstreamModel: string;
}

type Library = Pick<typeof import("@pydantic/genai-prices"), "findProvider" | "calcPrice">;

const rememberedMax = 20_000;
/** A search takes a tenth of a millisecond: calls go on between so many. */
const searchesAtOnce = 20;

export class Catalogue {
  #library: Library | null = null;
  readonly #providers = new Map<string, Provider | null>();
  readonly #models = new Map<string, CatalogueModel | null>();

  /** Looks up what is not known yet, so that `find` answers at once. */
  async prepare(questions: Iterable<CatalogueQuestion>): Promise<void> {
    this.#library ??= loadLibrary();
    let searches = 0;
    for (const question of questions) {
      if (this.#models.has(keyOf(question))) continue;
      this.find(question);
      searches += 1;
      if (searches % searchesAtOnce === 0) await new Promise(setImmediate);
    }
  }

  /** Null: the endpoint is of no provider that the catalogue has, or it does not know the model. To be called after `prepare`. */
  find(question: CatalogueQuestion): CatalogueModel | null {
    const key = keyOf(question);
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const found = this.#search(question);
    remember(this.#models, key, found);
    return found;
  }

  #search({ url, upstreamModel }: CatalogueQuestion): CatalogueModel | null {
    const provider = this.#providerOf(url);
    if (provider === null) return null;
    try {
      const found = this.#library?.calcPrice({ input_tokens: 0, output_tokens: 0 }, upstreamModel, { providerId: provider.id });
      if (found === null || found === undefined) return null;
      const { id, prices } = found.model;
      const conditional = Array.isArray(prices) ? prices : [{ prices }];
      return { provider: provider.id, model: id, upstreamModel, prices: conditional };
    } catch {
      // A listing that contradicts itself is none.
      return null;
    }
  }

  #providerOf(url: string): Provider | null {
    const known = this.#providers.get(url);
    if (known !== undefined) return known;
    if (this.#library === null) throw new Error("the catalogue is asked before it is loaded");
    const found = this.#library.findProvider({ providerApiUrl: url });
    const provider = found !== undefined && endsWithHost(found.api_pattern, url) ? found : null;
    remember(this.#providers, url, provider);
    return provider;
  }
}

/** The catalogue's patterns are beginnings: "https://api.openai.com" is one of "https://api.openai.com.example.org" too, which is another host. */
function endsWithHost(pattern: string, url: string): boolean {
  const matched = new RegExp(`^(?:${pattern})`).exec(url)?.[0];
  // Some end with a dot on purpose: any country's.
  return matched !== undefined && (/[./]$/.test(matched) || !/^[\w.@-]/.test(url.slice(matched.length)));
}

/** Its CommonJS build: the other one, made for browsers too, is twice the text and takes 1.2 MB more. */
function loadLibrary(): Library {
  return createRequire(import.meta.url)("@pydantic/genai-prices");
}

function keyOf({ url, upstreamModel }: CatalogueQuestion): string {
  return `${url}\n${upstreamModel}`;
}

/** The one that was added first goes when there are too many. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (map.size >= rememberedMax) map.delete(map.keys().next().value as string);
  map.set(key, value);
}
