// Ledger records for tests: plausible ones, of which each test says what matters to it.
import { newId } from "../../src/core/ids.ts";
import { everyoneGroupId } from "../../src/domain/everyone.ts";
import type { AttemptSettled, AttemptStarted } from "../../src/domain/ledger-record.ts";

/** An attempt that went well: 10 input, 4 cached, 5 output and 2 reasoning tokens, unpriced, 250 ms. */
export function settledAttempt(changes: Partial<AttemptSettled> = {}): AttemptSettled {
  const { event: _event, ...started } = startedAttempt(changes as Partial<AttemptStarted>);
  return {
    ...started,
    event: "settled",
    settledAtMs: started.startedAtMs + 250,
    status: 200,
    error: null,
    final: true,
    ttftMs: 40,
    durationMs: 250,
    usage: { inputTokens: 10, cachedInputTokens: 4, cacheWriteTokens: 0, outputTokens: 5, reasoningTokens: 2 },
    usageSource: "measured",
    costNanoUsd: null,
    ...changes,
  };
}

/** An attempt that has begun; times default to now. */
export function startedAttempt(changes: Partial<AttemptStarted> = {}): AttemptStarted {
  const startedAtMs = changes.startedAtMs ?? Date.now();
  return {
    event: "started",
    id: newId("att"),
    requestId: newId("req"),
    attemptNo: 1,
    processId: "process-1",
    requestStartedAtMs: startedAtMs,
    startedAtMs,
    keyId: "key_1",
    userId: null,
    groupId: everyoneGroupId,
    model: "gpt-4o",
    endpointId: "ep_1",
    endpoint: "openai",
    deploymentId: "dep_1",
    upstreamModel: "gpt-4o-2024-11-20",
    dialect: "openai",
    priceVersion: null,
    method: "POST",
    path: "/v1/chat/completions",
    stream: false,
    why: "only target",
    inputTokensEstimate: 12,
    costEstimateNanoUsd: null,
    ...changes,
  };
}
