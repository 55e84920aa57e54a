// Ledger records as lines of the spool: the JSON that JSON.stringify would make of them, written as bytes, at a third of its cost.
import { type JsonBytes, utf8 } from "../core/json-bytes.ts";
import type { TokenUsage } from "../core/tokens.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import { settledStart, startedStart } from "./spool-files.ts";

/** What precedes each field's value. All fields are here, in order: one that is added to a record is missed by the compiler. */
const start: Record<Exclude<keyof AttemptStarted, "event">, Uint8Array> = {
  id: utf8('"id":'),
  requestId: utf8(',"requestId":'),
  attemptNo: utf8(',"attemptNo":'),
  processId: utf8(',"processId":'),
  requestStartedAtMs: utf8(',"requestStartedAtMs":'),
  startedAtMs: utf8(',"startedAtMs":'),
  keyId: utf8(',"keyId":'),
  userId: utf8(',"userId":'),
  groupId: utf8(',"groupId":'),
  model: utf8(',"model":'),
  endpointId: utf8(',"endpointId":'),
  endpoint: utf8(',"endpoint":'),
  deploymentId: utf8(',"deploymentId":'),
  upstreamModel: utf8(',"upstreamModel":'),
  dialect: utf8(',"dialect":'),
  method: utf8(',"method":'),
  path: utf8(',"path":'),
  stream: utf8(',"stream":'),
  why: utf8(',"why":'),
  inputTokensEstimate: utf8(',"inputTokensEstimate":'),
};

const end: Record<keyof AttemptOutcome, Uint8Array> = {
  settledAtMs: utf8(',"settledAtMs":'),
  status: utf8(',"status":'),
  error: utf8(',"error":'),
  final: utf8(',"final":'),
  ttftMs: utf8(',"ttftMs":'),
  durationMs: utf8(',"durationMs":'),
  usage: utf8(',"usage":{'),
  usageSource: utf8('},"usageSource":'),
  costNanoUsd: utf8(',"costNanoUsd":'),
  priceVersion: utf8(',"priceVersion":'),
  responseId: utf8(',"responseId":'),
};

const tokens: Record<keyof TokenUsage, Uint8Array> = {
  inputTokens: utf8('"inputTokens":'),
  cachedInputTokens: utf8(',"cachedInputTokens":'),
  cacheWriteTokens: utf8(',"cacheWriteTokens":'),
  outputTokens: utf8(',"outputTokens":'),
  reasoningTokens: utf8(',"reasoningTokens":'),
};

const startedHead = utf8(startedStart);
const settledHead = utf8(settledStart);
const lineEnd = utf8("}\n");

type Caller = Pick<AttemptStarted, "userId" | "groupId">;
type Target = Pick<AttemptStarted, "model" | "endpointId" | "endpoint" | "upstreamModel" | "dialect">;

/** Entries of each cache; when there are more keys or deployments than this, it begins anew now and then. */
const keptMax = 4096;

export class RecordEncoder {
  /** What records say about a key's caller and about a deployment is nearly always what they said last time. */
  readonly #callers = new Map<string | null, Caller & { bytes: Uint8Array }>();
  readonly #targets = new Map<string | null, Target & { bytes: Uint8Array }>();

  /** Adds the line of a start. */
  started(to: JsonBytes, started: AttemptStarted): void {
    to.raw(startedHead);
    this.#start(to, started);
    to.raw(lineEnd);
  }

  /** Adds the line of an outcome, which repeats what the start said. */
  settled(to: JsonBytes, started: AttemptStarted, outcome: AttemptOutcome): void {
    to.raw(settledHead);
    this.#start(to, started);
    writeOutcome(to, outcome);
    to.raw(lineEnd);
  }

  #start(to: JsonBytes, started: AttemptStarted): void {
    to.raw(start.id);
    to.text(started.id);
    to.raw(start.requestId);
    to.text(started.requestId);
    to.raw(start.attemptNo);
    to.number(started.attemptNo);
    to.raw(start.processId);
    to.text(started.processId);
    to.raw(start.requestStartedAtMs);
    to.number(started.requestStartedAtMs);
    to.raw(start.startedAtMs);
    to.number(started.startedAtMs);
    this.#caller(to, started);
    this.#target(to, started);
    to.raw(start.method);
    to.text(started.method);
    to.raw(start.path);
    to.text(started.path);
    to.raw(start.stream);
    to.boolean(started.stream);
    to.raw(start.why);
    to.text(started.why);
    to.raw(start.inputTokensEstimate);
    to.number(started.inputTokensEstimate);
  }

  #caller(to: JsonBytes, { keyId, userId, groupId }: AttemptStarted): void {
    const known = this.#callers.get(keyId);
    if (known !== undefined && known.userId === userId && known.groupId === groupId) return to.raw(known.bytes);
    const from = to.length;
    to.raw(start.keyId);
    to.textOrNull(keyId);
    to.raw(start.userId);
    to.textOrNull(userId);
    to.raw(start.groupId);
    to.text(groupId);
    if (this.#callers.size >= keptMax) this.#callers.clear();
    this.#callers.set(keyId, { userId, groupId, bytes: to.copyFrom(from) });
  }

  #target(to: JsonBytes, started: AttemptStarted): void {
    const { model, endpointId, endpoint, deploymentId, upstreamModel, dialect } = started;
    const known = this.#targets.get(deploymentId);
    if (known !== undefined && isSameTarget(known, started)) return to.raw(known.bytes);
    const from = to.length;
    to.raw(start.model);
    to.text(model);
    to.raw(start.endpointId);
    to.text(endpointId);
    to.raw(start.endpoint);
    to.text(endpoint);
    to.raw(start.deploymentId);
    to.textOrNull(deploymentId);
    to.raw(start.upstreamModel);
    to.text(upstreamModel);
    to.raw(start.dialect);
    to.text(dialect);
    if (this.#targets.size >= keptMax) this.#targets.clear();
    this.#targets.set(deploymentId, { model, endpointId, endpoint, upstreamModel, dialect, bytes: to.copyFrom(from) });
  }
}

function isSameTarget(a: Target, b: Target): boolean {
  return (
    a.model === b.model &&
    a.endpointId === b.endpointId &&
    a.endpoint === b.endpoint &&
    a.upstreamModel === b.upstreamModel &&
    a.dialect === b.dialect
  );
}

function writeOutcome(to: JsonBytes, outcome: AttemptOutcome): void {
  to.raw(end.settledAtMs);
  to.number(outcome.settledAtMs);
  to.raw(end.status);
  to.number(outcome.status);
  to.raw(end.error);
  to.textOrNull(outcome.error);
  to.raw(end.final);
  to.boolean(outcome.final);
  to.raw(end.ttftMs);
  to.numberOrNull(outcome.ttftMs);
  to.raw(end.durationMs);
  to.number(outcome.durationMs);
  to.raw(end.usage);
  const { usage } = outcome;
  to.raw(tokens.inputTokens);
  to.number(usage.inputTokens);
  to.raw(tokens.cachedInputTokens);
  to.number(usage.cachedInputTokens);
  to.raw(tokens.cacheWriteTokens);
  to.number(usage.cacheWriteTokens);
  to.raw(tokens.outputTokens);
  to.number(usage.outputTokens);
  to.raw(tokens.reasoningTokens);
  to.number(usage.reasoningTokens);
  to.raw(end.usageSource);
  to.text(outcome.usageSource);
  to.raw(end.costNanoUsd);
  to.numberOrNull(outcome.costNanoUsd);
  to.raw(end.priceVersion);
  to.textOrNull(outcome.priceVersion);
  if (outcome.responseId === undefined) return;
  to.raw(end.responseId);
  to.textOrNull(outcome.responseId);
}
