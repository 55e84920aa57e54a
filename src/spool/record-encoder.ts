// Ledger records as lines of the spool: the JSON that JSON.stringify would make of them, written as bytes, at a third of its cost.
import { type JsonBytes, utf8 } from "../core/json-bytes.ts";
import type { TokenUsage } from "../core/tokens.ts";
import type { AttemptOutcome, AttemptStarted } from "../domain/ledger-record.ts";
import { FieldGroup } from "./field-group.ts";
import { settledStart, startedStart } from "./spool-files.ts";

/** What precedes each field's value. All fields are here, in order: one that is added to a record is missed by the compiler. */
const start: Record<Exclude<keyof AttemptStarted, "event" | "id">, Uint8Array> = {
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
  priceVersion: utf8(',"priceVersion":'),
  method: utf8(',"method":'),
  path: utf8(',"path":'),
  stream: utf8(',"stream":'),
  why: utf8(',"why":'),
  inputTokensEstimate: utf8(',"inputTokensEstimate":'),
  costEstimateNanoUsd: utf8(',"costEstimateNanoUsd":'),
};

const end: Record<Exclude<keyof AttemptOutcome, "usage">, Uint8Array> = {
  settledAtMs: utf8(',"settledAtMs":'),
  status: utf8(',"status":'),
  error: utf8(',"error":'),
  final: utf8(',"final":'),
  ttftMs: utf8(',"ttftMs":'),
  durationMs: utf8(',"durationMs":'),
  usageSource: utf8('},"usageSource":'),
  costNanoUsd: utf8(',"costNanoUsd":'),
  responseId: utf8(',"responseId":'),
};

const usageStart: Record<keyof Required<TokenUsage>, Uint8Array> = {
  inputTokens: utf8(',"usage":{"inputTokens":'),
  cachedInputTokens: utf8(',"cachedInputTokens":'),
  cacheWriteTokens: utf8(',"cacheWriteTokens":'),
  outputTokens: utf8(',"outputTokens":'),
  reasoningTokens: utf8(',"reasoningTokens":'),
  details: utf8(',"details":'),
};

const startedHead = utf8(`${startedStart}"id":`);
const settledHead = utf8(`${settledStart}"id":`);
const lineEnd = utf8("}\n");

/** A start keeps its text for the outcome. (In a WeakMap it would cost the garbage collector ten times as much.) */
const kept = Symbol("kept");
type Kept = AttemptStarted & { [kept]?: string };

export class RecordEncoder {
  readonly #attempt = new FieldGroup<AttemptStarted>(
    ({ processId }) => processId,
    (a, b) => a.attemptNo === b.attemptNo,
    (to, { attemptNo, processId }) => {
      to.raw(start.attemptNo);
      to.number(attemptNo);
      to.raw(start.processId);
      to.text(processId);
    },
  );
  readonly #caller = new FieldGroup<AttemptStarted>(
    ({ keyId }) => keyId,
    (a, b) => a.userId === b.userId && a.groupId === b.groupId,
    (to, { keyId, userId, groupId }) => {
      to.raw(start.keyId);
      to.textOrNull(keyId);
      to.raw(start.userId);
      to.textOrNull(userId);
      to.raw(start.groupId);
      to.text(groupId);
    },
  );
  readonly #target = new FieldGroup<AttemptStarted>(
    ({ deploymentId, endpointId }) => deploymentId ?? endpointId,
    (a, b) =>
      a.model === b.model &&
      a.endpointId === b.endpointId &&
      a.endpoint === b.endpoint &&
      a.deploymentId === b.deploymentId &&
      a.upstreamModel === b.upstreamModel &&
      a.dialect === b.dialect &&
      a.priceVersion === b.priceVersion,
    (to, { model, endpointId, endpoint, deploymentId, upstreamModel, dialect, priceVersion }) => {
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
      to.raw(start.priceVersion);
      to.textOrNull(priceVersion);
    },
  );
  readonly #route = new FieldGroup<AttemptStarted>(
    ({ path }) => path,
    (a, b) => a.method === b.method,
    (to, { method, path }) => {
      to.raw(start.method);
      to.text(method);
      to.raw(start.path);
      to.text(path);
    },
  );
  readonly #verdict = new FieldGroup<AttemptOutcome>(
    ({ status }) => status,
    (a, b) => a.error === b.error && a.final === b.final,
    (to, { status, error, final }) => {
      to.raw(end.status);
      to.number(status);
      to.raw(end.error);
      to.textOrNull(error);
      to.raw(end.final);
      to.boolean(final);
    },
  );

  /** Adds the line of a start. */
  started(to: JsonBytes, started: AttemptStarted): void {
    to.raw(startedHead);
    const from = to.length;
    this.#start(to, started);
    (started as Kept)[kept] = to.textFrom(from);
    to.raw(lineEnd);
  }

  /** Adds the line of an outcome, which repeats what the start said. */
  settled(to: JsonBytes, started: AttemptStarted, outcome: AttemptOutcome): void {
    to.raw(settledHead);
    const said = (started as Kept)[kept];
    if (said === undefined) this.#start(to, started);
    else to.rawText(said);
    this.#outcome(to, outcome);
    to.raw(lineEnd);
  }

  #start(to: JsonBytes, started: AttemptStarted): void {
    to.text(started.id);
    to.raw(start.requestId);
    to.text(started.requestId);
    this.#attempt.write(to, started);
    to.raw(start.requestStartedAtMs);
    to.number(started.requestStartedAtMs);
    to.raw(start.startedAtMs);
    to.number(started.startedAtMs);
    this.#caller.write(to, started);
    this.#target.write(to, started);
    this.#route.write(to, started);
    to.raw(start.stream);
    to.boolean(started.stream);
    to.raw(start.why);
    to.text(started.why);
    to.raw(start.inputTokensEstimate);
    to.number(started.inputTokensEstimate);
    to.raw(start.costEstimateNanoUsd);
    to.numberOrNull(started.costEstimateNanoUsd);
  }

  #outcome(to: JsonBytes, outcome: AttemptOutcome): void {
    to.raw(end.settledAtMs);
    to.number(outcome.settledAtMs);
    this.#verdict.write(to, outcome);
    to.raw(end.ttftMs);
    to.numberOrNull(outcome.ttftMs);
    to.raw(end.durationMs);
    to.number(outcome.durationMs);
    const { usage } = outcome;
    to.raw(usageStart.inputTokens);
    to.number(usage.inputTokens);
    to.raw(usageStart.cachedInputTokens);
    to.number(usage.cachedInputTokens);
    to.raw(usageStart.cacheWriteTokens);
    to.number(usage.cacheWriteTokens);
    to.raw(usageStart.outputTokens);
    to.number(usage.outputTokens);
    to.raw(usageStart.reasoningTokens);
    to.number(usage.reasoningTokens);
    if (usage.details !== undefined) {
      to.raw(usageStart.details);
      to.rawText(JSON.stringify(usage.details));
    }
    to.raw(end.usageSource);
    to.text(outcome.usageSource);
    to.raw(end.costNanoUsd);
    to.numberOrNull(outcome.costNanoUsd);
    if (outcome.responseId === undefined) return;
    to.raw(end.responseId);
    to.textOrNull(outcome.responseId);
  }
}
