// Callers that read slowly and callers that leave, for every kind of stream.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import type { Step } from "../../support/provider/step.ts";
import { usualAnswer } from "../../support/provider/usual-answer.ts";
import { type Provider, type Scripted, startProvider } from "../../support/provider.ts";
import { quickestMs } from "../../support/quickest.ts";
import type { RawConnection } from "../../support/raw-http/raw-connection.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../../support/raw-http.ts";
import { callerSees, ledgerSays } from "./contract.ts";
import { ledgerSaid, withoutUsageChunk } from "./observed.ts";
import type { callerRows } from "./rows.ts";
import { type StreamKind, streamKinds } from "./stream-kinds.ts";

/** Longer than a busy machine may stop the endpoint. */
const idleMs = 1500;
/** Streamed to slow callers; kernels keep up to about a fifth of it on its way. */
const floodBytes = 64 * 2 ** 20;
const underwayBytesMax = 24 * 2 ** 20;

let provider: Provider;
let headgate: Headgate;

beforeAll(async () => {
  provider = await startProvider({ text: "word ".repeat(100).trim() });
  headgate = await startHeadgate();
  const timeouts = { idle: `${idleMs}ms` };
  const endpoint = { name: "prod", url: `${provider.url}/v1`, sync: false, sync_interval: 0 };
  await headgate.addEndpoint({ ...endpoint, models: ["m"], timeouts });
  await headgate.addEndpoint({ ...endpoint, name: "patient", models: ["patient"] });
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

const row = (name: (typeof callerRows)[number]) => name;

interface BegunCall {
  connection: RawConnection;
  /** The answer, when it comes. */
  response: RawResponse;
  request: RecordedRequest;
  bodyBytes: number;
  /** The ledger's requests of this call's key, once one is settled. */
  ledger(): Promise<LooseJson[]>;
}

/** A call with a key of its own, answered by the provider as `scripted` says. */
async function begin(kind: StreamKind, model: string, scripted: (request: RecordedRequest) => Scripted): Promise<BegunCall> {
  const { id, key } = (await headgate.admin("POST", "/keys", { name: "caller" })).body;
  const match = (request: RecordedRequest) => request.headers["x-cell"] === id;
  provider.on(match, scripted);
  const connection = await rawConnect(headgate.url);
  const body = JSON.stringify(kind.body(model));
  const headers = { ...kind.headers(key), "content-type": "application/json", "x-cell": id };
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: kind.target, headers, body }));
  const response = connection.expect("POST");
  const request = await provider.waitForRequest({ match });
  const ledger = () =>
    headgate.eventually(async () => {
      const { data } = (await headgate.admin("GET", `/requests?key=${id}`)).body;
      return data.length > 0 && data[0].state === "settled" && data;
    });
  return { connection, response, request, bodyBytes: body.length, ledger };
}

/** The usual answer with a flood of text behind its third word. */
function flood(kind: StreamKind, request: RecordedRequest) {
  const { chunks, ...head } = usualAnswer(request, provider.settings);
  const begin = chunks.slice(0, kind.toThirdWord);
  const piece = Buffer.from((begin.at(-1) as Buffer).toString().replace(" word", ` ${"x".repeat(32_000)}`));
  const times = Math.ceil(floodBytes / piece.length);
  const rest = chunks.slice(kind.toThirdWord);
  const writes = (all: readonly Buffer[]) => all.map((write): Step => ({ write }));
  const steps: Step[] = [
    { head: { ...head, lengthBytes: 0 } },
    ...writes(begin),
    { repeat: piece, times },
    ...writes(rest),
    { end: true },
  ];
  const hash = createHash("sha256").update(Buffer.concat(begin));
  for (let index = 0; index < times; index++) hash.update(piece);
  const digest = hash.update(withoutUsageChunk(Buffer.concat(rest).toString(), kind)).digest("hex");
  return { steps, digest };
}

/** Resolves when the endpoint has got rid of nothing for so long. */
async function untilStill(request: RecordedRequest, forMs: number): Promise<void> {
  let written = -1;
  let sinceMs = 0;
  await headgate.eventually(async () => {
    if (request.bytesWritten !== written) {
      written = request.bytesWritten;
      sinceMs = Date.now();
    }
    return written > 0 && Date.now() - sinceMs >= forMs;
  });
}

describe("slow caller", () => {
  test.each(streamKinds)("$name: the endpoint waits without a timeout, and nothing is lost", async (kind) => {
    let digest = "";
    const { connection, response, request, ledger } = await begin(kind, "m", (arrived) => {
      const flooding = flood(kind, arrived);
      digest = flooding.digest;
      return flooding.steps;
    });
    await response.until(() => response.chunks.length > 0, 10_000, "the first piece");
    connection.pause();
    await untilStill(request, 1.5 * idleMs);

    expect(request.bytesWritten).toBeLessThan(underwayBytesMax);
    expect(request.outcome).toBeNull();

    connection.resume();
    await response.done(20_000);
    const hash = createHash("sha256");
    for (const { data } of response.chunks) hash.update(data);
    expect(hash.digest("hex")).toBe(digest);
    expect(response.ended === "complete" && "whole").toBe(callerSees(row("slow caller"), kind));
    const [settled] = await ledger();
    const said = ledgerSaid(settled, kind, { passed: "", bodyBytes: 0, said: provider.settings.usage });
    expect(said).toBe(ledgerSays(row("slow caller"), kind));
    await connection.destroy();
  });
});

/** Leaves a call that `reach` has brought as far as it is to come, and expects what holds for every caller that leaves. `settled`: the one row. */
async function leave(reach: () => Promise<BegunCall>): Promise<{ call: BegunCall; settled: LooseJson }> {
  let left: { call: BegunCall; settled: LooseJson } | null = null;
  const tookMs = await quickestMs(1000, async () => {
    const call = await reach();
    const leftAtMs = Date.now();
    await call.connection.destroy();
    await call.request.aborted;
    const goneAtMs = Date.now();
    const rows = await call.ledger();
    expect(rows).toHaveLength(1);
    const { body } = await headgate.admin("GET", `/requests/${rows[0]?.id}`);
    expect(body.attempts).toHaveLength(1);
    expect(body).toMatchObject({ status: 499, error: "client_disconnected", usage_source: "estimated" });
    left = { call, settled: body };
    return goneAtMs - leftAtMs;
  });
  expect(tookMs).toBeLessThan(1000);
  return left as unknown as { call: BegunCall; settled: LooseJson };
}

describe.concurrent("a caller that leaves closes the request upstream within a second, and one settled row stays", () => {
  test.each(streamKinds)("$name: before the first byte", async (kind) => {
    const { call, settled } = await leave(() => begin(kind, "patient", () => ({ kind: "hang", at: "before_headers" })));
    const said = ledgerSaid(settled, kind, { passed: "", bodyBytes: call.bodyBytes, said: provider.settings.usage });
    expect(said).toBe(ledgerSays(row("caller gone before the first byte"), kind));
  });

  test.each(streamKinds)("$name: during a stall of the endpoint", async (kind) => {
    const { call, settled } = await leave(async () => {
      const begun = await begin(kind, "patient", () => ({ kind: "stall", afterChunks: kind.toThirdWord }));
      await begun.response.until(() => begun.response.text.split("word").length > 3, 10_000, "the third word");
      return begun;
    });
    const passed = call.response.text;
    const said = ledgerSaid(settled, kind, { passed, bodyBytes: call.bodyBytes, said: provider.settings.usage });
    expect(said).toBe(ledgerSays(row("caller gone"), kind));
  });

  test.each(streamKinds)("$name: in the middle of the stream", async (kind) => {
    const { settled } = await leave(async () => {
      const begun = await begin(kind, "patient", () => ({ kind: "drip", everyMs: 20 }));
      await begun.response.until(() => begun.response.text.includes("word"), 10_000, "a word");
      return begun;
    });
    expect(settled.tokens.output_tokens).toBeGreaterThan(0);
  });

  test.each(streamKinds)("$name: with answers waiting that it has not read", async (kind) => {
    const { settled } = await leave(async () => {
      const begun = await begin(kind, "patient", (request) => flood(kind, request).steps);
      await begun.response.until(() => begun.response.chunks.length > 0, 10_000, "the first piece");
      begun.connection.pause();
      await untilStill(begun.request, 100);
      return begun;
    });
    expect(settled.tokens.output_tokens).toBeGreaterThan(0);
  });
});

test("callers that have gone leave nothing behind, and the endpoint is used as before", async () => {
  const key = await headgate.createKey();
  for (const kind of streamKinds) {
    const request = { method: "POST", target: kind.target, headers: kind.headers(key), body: kind.body("m") };
    expect((await rawRequest(headgate.url, request)).status).toBe(200);
  }
  await headgate.eventually(async () => {
    const metrics = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
    return /^headgate_requests_in_flight 0$/m.test(await metrics.text());
  });
});
