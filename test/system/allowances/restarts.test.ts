// Neither a restart nor kill -9 gives anybody their budget or their minute again.
import { expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { createHome, type HeadgateProcess, startHeadgateProcess } from "../../support/headgate-process.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { startProvider } from "../../support/provider.ts";

const keys = { budget: "sk-key-with-a-budget-0123", minute: "sk-key-with-a-rate-0123456", tokens: "sk-key-with-tokens-0123456" };
/** A cent. */
const answer = { inputTokens: 9, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 1000, reasoningTokens: 0 };

async function chat(
  headgate: HeadgateProcess,
  key: string,
): Promise<{ status: number; code: string | undefined; retryAfter: number }> {
  const response = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }], max_tokens: 1000 }),
  });
  const body = (await response.json()) as LooseJson;
  return { status: response.status, code: body.error?.code, retryAfter: Number(response.headers.get("retry-after")) };
}

test.each(["SIGKILL", "SIGTERM"] as const)(
  "%s: what was spent stays spent, and what was admitted in the last minute counts",
  { timeout: 90_000 },
  async (signal) => {
    await using provider = await startProvider({ models: ["m"] });
    provider.settings.usage = answer;
    const home = await createHome();
    const config = {
      server: { drain_timeout: "2s" },
      endpoints: [{ name: "prod", url: `${provider.url}/v1`, api_key: "provider-key", sync_interval: 0 }],
      keys: [
        { name: "budget", key: keys.budget, limits: { budget_usd: 0.05, budget_timezone: "Europe/Berlin" } },
        { name: "minute", key: keys.minute, limits: { requests_per_minute: 5 } },
        { name: "tokens", key: keys.tokens, limits: { tokens_per_minute: 3500 } },
      ],
      log: { level: "warn" },
    };
    let headgate = await startHeadgateProcess({ home, config });
    try {
      await headgate.admin("PUT", "/prices/m", { input_usd_per_million: 0, output_usd_per_million: 10 });
      const startedMs = Date.now();
      for (let call = 0; call < 3; call++) {
        expect((await chat(headgate, keys.budget)).status).toBe(200);
        expect((await chat(headgate, keys.minute)).status).toBe(200);
        expect((await chat(headgate, keys.tokens)).status).toBe(200);
      }
      // At once: the last of them may be in nothing but the spool.
      await headgate.kill(signal);
      headgate = await startHeadgateProcess({ home, config });
      for (let call = 0; call < 2; call++) {
        expect((await chat(headgate, keys.budget)).status).toBe(200);
        expect((await chat(headgate, keys.minute)).status).toBe(200);
      }
      expect(await chat(headgate, keys.budget)).toMatchObject({ status: 429, code: "insufficient_quota" });
      const refused = await chat(headgate, keys.minute);
      const refusedTokens = await chat(headgate, keys.tokens);
      expect(Date.now() - startedMs).toBeLessThan(55_000);
      for (const { status, code, retryAfter } of [refused, refusedTokens]) {
        expect([status, code]).toEqual([429, "rate_limit_exceeded"]);
        const leftSeconds = 60 - (Date.now() - startedMs) / 1000;
        expect(retryAfter).toBeGreaterThan(leftSeconds - 2);
        expect(retryAfter).toBeLessThan(62);
      }
      await eventually(async () => (await headgate.readiness()).body.status === "ready");
    } finally {
      await headgate.kill();
      await home.remove();
    }
  },
);
