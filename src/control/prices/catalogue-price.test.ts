// Our prices against the catalogue's own calculation, for every model that it has: the same cost to the nano-dollar.
import { readFileSync } from "node:fs";
import { calcPrice, type ModelInfo, type Provider, waitForUpdate } from "@pydantic/genai-prices";
import { describe, expect, test } from "vitest";
import { between, seededRandom } from "../../../test/support/random.ts";
import type { TokenUsage } from "../../core/tokens.ts";
import { costNanoUsd } from "../../domain/price.ts";
import { catalogueNumbers, type PriceNumbers } from "./catalogue-price.ts";
import { catalogueVersion } from "./catalogue-version.ts";

const providers = (await waitForUpdate()) as Provider[];
const listed = providers.flatMap((provider) => provider.models.map((model) => ({ provider, model })));
const seed = Date.now() % 1_000_000;
const random = seededRandom(seed);

const conditional = ({ prices }: ModelInfo) => (Array.isArray(prices) ? prices : [{ prices }]);
const isTimed = (model: ModelInfo) => conditional(model).some(({ constraint }) => constraint?.type === "time_of_date");

function ours({ provider, model }: { provider: Provider; model: ModelInfo }, nowMs: number): PriceNumbers | null {
  const asked = { provider: provider.id, model: model.id, upstreamModel: model.id, prices: conditional(model) };
  return catalogueNumbers(asked, nowMs).numbers;
}

/** The catalogue's, nano-dollars, before rounding. */
function theirs({ provider, model }: { provider: Provider; model: ModelInfo }, usage: TokenUsage, timeMs: number): number {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens, details } = usage;
  const cachedAudio = details?.cachedAudioTokens ?? 0;
  const exactly = { ...provider, models: [{ ...model, match: { equals: model.id } }] };
  const found = calcPrice(
    {
      input_tokens: inputTokens + cachedInputTokens + cacheWriteTokens,
      cache_read_tokens: cachedInputTokens,
      cache_write_tokens: cacheWriteTokens,
      cache_write_1h_tokens: details?.cacheWrite1hTokens ?? 0,
      input_audio_tokens: (details?.inputAudioTokens ?? 0) + cachedAudio,
      cache_audio_read_tokens: cachedAudio,
      output_tokens: outputTokens + reasoningTokens,
      output_reasoning_tokens: reasoningTokens,
      output_audio_tokens: details?.outputAudioTokens ?? 0,
    },
    model.id,
    { provider: exactly, timestamp: new Date(timeMs) },
  );
  if (found === null) throw new Error(`${provider.id}/${model.id} does not match itself`);
  return found.total_price * 1e9;
}

const cost = (usage: TokenUsage, numbers: PriceNumbers) => costNanoUsd(usage, { version: "pv_test", ...numbers });

/** Some classes empty, some of them large; every other time the input is at a bound of the price, or one beyond it. */
function anyUsage({ tiers }: PriceNumbers): TokenUsage {
  const count = () => (random() < 0.3 ? 0 : between(random, 1, 10 ** between(random, 1, 6)));
  const share = (of: number) => (random() < 0.5 ? 0 : between(random, 0, of));
  const [cachedInputTokens, cacheWriteTokens] = [count(), count()];
  const bound = tiers[between(random, 0, tiers.length)]?.aboveInputTokens ?? 0;
  const atBound = bound + between(random, 0, 1) - cachedInputTokens - cacheWriteTokens;
  const inputTokens = random() < 0.5 && atBound > 0 ? atBound : count();
  const outputTokens = count();
  return {
    ...{ inputTokens, cachedInputTokens, cacheWriteTokens, outputTokens, reasoningTokens: count() },
    details: {
      cacheWrite1hTokens: share(cacheWriteTokens),
      inputAudioTokens: share(inputTokens),
      cachedAudioTokens: share(cachedInputTokens),
      outputAudioTokens: share(outputTokens),
    },
  };
}

/** Half a nano-dollar of rounding; another half for the few prices that are no whole nano-dollars per million, and for doubles. */
const isEqual = (own: number, other: number) => Math.abs(own - other) <= 1 + other * 1e-12;

describe.each(["2025-01-01T03:00:00Z", "2026-11-22T12:00:00Z", "2027-01-01T00:00:00Z"])("at %s", (time) => {
  const nowMs = Date.parse(time);

  test("every model by tokens costs what the catalogue says, its tiers, caches, audio and reasoning included", () => {
    let compared = 0;
    for (const entry of listed) {
      const numbers = ours(entry, nowMs);
      if (numbers === null || isTimed(entry.model)) continue;
      for (let round = 0; round < 12; round++) {
        const usage = anyUsage(numbers);
        const [own, other] = [cost(usage, numbers), theirs(entry, usage, nowMs)];
        if (!isEqual(own, other))
          throw new Error(
            `seed ${seed}: ${entry.provider.id}/${entry.model.id} ${JSON.stringify(usage)}: ${own} is not ${other}`,
          );
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(12 * 1400);
  });

  test("where the time of day decides, the dearest of the day holds", () => {
    const timed = listed.filter(({ model }) => isTimed(model));
    expect(timed.length).toBeGreaterThan(0);
    const midnightMs = nowMs - (nowMs % 86_400_000);
    for (const entry of timed) {
      const numbers = ours(entry, nowMs) as PriceNumbers;
      for (let round = 0; round < 12; round++) {
        const usage = anyUsage(numbers);
        const ofDay = Array.from({ length: 48 }, (_, half) => theirs(entry, usage, midnightMs + half * 1_800_000));
        expect(isEqual(cost(usage, numbers), Math.max(...ofDay)), `${entry.model.id}, seed ${seed}`).toBe(true);
      }
    }
  });
});

test("a model without a price for input tokens has no price: nothing is not zero", () => {
  const nowMs = Date.parse("2026-11-22T12:00:00Z");
  const without = listed.filter((entry) => ours(entry, nowMs) === null);
  const priced = (model: ModelInfo) => conditional(model).flatMap(({ prices }) => Object.keys(prices));
  for (const { model } of without) {
    expect(priced(model)).not.toContain("input_mtok");
    expect(model.id).not.toMatch(/:free$/);
  }
  expect(without.map(({ model }) => model.id)).toEqual(expect.arrayContaining(["whisper-1", "mistral-ocr-4-1", "gemma-3"]));
  const free = listed.filter(({ model }) => model.id.endsWith(":free") && priced(model).length === 0);
  expect(free.length).toBeGreaterThan(50);
  for (const entry of free)
    expect(cost(anyUsage({ ...(ours(entry, nowMs) as PriceNumbers) }), ours(entry, nowMs) as PriceNumbers)).toBe(0);
});

test("no unit of the catalogue is new to us: what it prices is taken, or known not to be", () => {
  const taken = [
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "input_audio",
    "cache_audio_read",
    "output_audio",
    "output_reasoning",
  ];
  const left = [
    ...[
      "input_image_mtok",
      "output_image_mtok",
      "cache_image_read_mtok",
      "input_video_mtok",
      "output_video_mtok",
      "output_citation_mtok",
    ],
    ...[
      "audio_hours",
      "input_audio_hours",
      "input_document_kpages",
      "input_annotated_document_kpages",
      "input_text_messages_kcount",
    ],
    ...["web_searches_kcount", "storage_searches_kcount"],
  ];
  const known = [...taken.map((name) => `${name}_mtok`), "requests_kcount", ...left];
  const units = new Set(listed.flatMap(({ model }) => conditional(model).flatMap(({ prices }) => Object.keys(prices))));
  expect([...units].filter((unit) => !known.includes(unit))).toEqual([]);
});

test("the version and date shown are those of the package that is installed", () => {
  const installed = JSON.parse(readFileSync(new URL("../package.json", import.meta.resolve("@pydantic/genai-prices")), "utf8"));
  // Another version: set it in catalogue-version.ts, with its date from `npm view @pydantic/genai-prices time`.
  expect({ name: installed.name, version: installed.version }).toEqual({
    name: catalogueVersion.name,
    version: catalogueVersion.version,
  });
  expect(new Date(catalogueVersion.date).toISOString()).toBe(`${catalogueVersion.date}T00:00:00.000Z`);
});
