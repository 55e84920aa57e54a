// What the SDK tests call: the scripted providers themselves (which proves that they are like the real ones), or Headgate
// in front of them. A test has to hold for both.
import { expect } from "vitest";
import { startHeadgate } from "../support/headgate.ts";
import type { RecordedRequest } from "../support/provider/recorded-request.ts";
import type { Provider } from "../support/provider.ts";
import { startProvider } from "../support/provider.ts";

export const targetNames = ["directly", "through Headgate"] as const;
export type TargetName = (typeof targetNames)[number];

export const models = { chat: "gpt-test", embedding: "embed-test", anthropic: "claude-test" } as const;

const providerKeys = { openai: "sk-provider-openai-0123456789", anthropic: "sk-provider-anthropic-0123456789" };

export interface Target {
  name: TargetName;
  openai: Provider;
  anthropic: Provider;
  /** Base URLs and keys as a user gives them to the SDK of that dialect. `baseUrl` ends in /v1, `origin` has no path. */
  openaiClient: { baseUrl: string; key: string };
  anthropicClient: { baseUrl: string; origin: string; key: string };
  /** `x-headgate-error-source` expected of an error that this part of the way gave; null where there is no Headgate. */
  errorSource(source: "gateway" | "upstream"): string | null;
  /** Every call's provider saw its own key and nothing of the caller's. Forgets the calls and scripts. */
  settle(): void;
  close(): Promise<void>;
}

/** Starts both providers and, when the name says so, a Headgate with both as endpoints and a key to it. */
export async function startTarget(name: TargetName): Promise<Target> {
  const openai = await startProvider({
    models: [models.chat, models.embedding],
    requireKey: providerKeys.openai,
    knownModelsOnly: true,
  });
  const anthropic = await startProvider({
    models: [models.anthropic],
    listShape: "anthropic",
    requireKey: providerKeys.anthropic,
    knownModelsOnly: true,
  });
  const gateway = name === "directly" ? null : await gatewayTo(openai, anthropic);
  const origin = (provider: Provider) => gateway?.url ?? provider.url;
  return {
    name,
    openai,
    anthropic,
    openaiClient: { baseUrl: `${origin(openai)}/v1`, key: gateway?.key ?? providerKeys.openai },
    anthropicClient: {
      baseUrl: `${origin(anthropic)}/v1`,
      origin: origin(anthropic),
      key: gateway?.key ?? providerKeys.anthropic,
    },
    errorSource: (source) => (gateway === null ? null : source),
    settle() {
      for (const request of openai.requests) expectKey(request, providerKeys.openai, gateway?.key);
      for (const request of anthropic.requests) expectKey(request, providerKeys.anthropic, gateway?.key);
      openai.reset();
      anthropic.reset();
    },
    async close() {
      await gateway?.stop();
      await openai.close();
      await anthropic.close();
    },
  };
}

async function gatewayTo(openai: Provider, anthropic: Provider): Promise<{ url: string; key: string; stop(): Promise<void> }> {
  const headgate = await startHeadgate();
  await headgate.addEndpoint({ name: "openai", url: openai.url, api_key: providerKeys.openai });
  await headgate.addEndpoint({ name: "anthropic", url: anthropic.url, api_key: providerKeys.anthropic, dialect: "anthropic" });
  const key = await headgate.createKey({ name: "sdk-suite" });
  // Discovery is not what these tests are about.
  openai.reset();
  anthropic.reset();
  return { url: headgate.url, key, stop: () => headgate.stop() };
}

function expectKey(request: RecordedRequest, providerKey: string, headgateKey: string | undefined): void {
  if (request.credential === wrongKey && headgateKey === undefined) return; // a test that sent it on purpose
  expect(request.credential).toBe(providerKey);
  if (headgateKey !== undefined)
    expect(JSON.stringify([request.url, request.rawHeaders, request.text])).not.toContain(headgateKey);
}

/** A credential that neither Headgate nor a provider knows. */
export const wrongKey = "sk-wrong-0123456789abcdef";

/** Fails the test when `promise` is not settled within a second, the contract's limit for ending an abandoned request. */
export async function withinOneSecond<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("not within one second")), 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What `promise` rejects with; fails when it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this was to fail, and did not");
}
