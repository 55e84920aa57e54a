// Every way in which an endpoint can fail a stream, for every kind of stream: what the caller sees and what the ledger says.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import { usualAnswer } from "../../support/provider/usual-answer.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { callerSees, ledgerSays } from "./contract.ts";
import { callerSaw, comment, ledgerSaid, ping } from "./observed.ts";
import type { failureRows } from "./rows.ts";
import { type StreamKind, streamKinds } from "./stream-kinds.ts";

interface Failure {
  /** Whose endpoint has the timeouts for it; default one that is patient. */
  model?: "silent" | "stalling" | "short" | "refused";
  /** Of the provider; left out: none is reached. */
  behaviour?: (kind: StreamKind) => Behaviour;
  /** More about what the caller got. */
  shows?: (answer: RawResponse) => void;
}

const errorAnswer = (status: number, headers = {}): Failure => {
  const body = `{"error": {"message":"The endpoint's own words", "status":${status}}}`;
  return {
    behaviour: () => ({ kind: "answer", status, headers: { "content-type": "application/problem+json", ...headers }, body }),
    shows(answer) {
      expect([answer.status, answer.text, answer.ended]).toEqual([status, body, "complete"]);
      expect(answer.headers).toMatchObject({ "content-type": "application/problem+json", ...headers });
    },
  };
};

const timeout = (name: string) => (answer: RawResponse) => expect(answer.text).toContain(`(${name} timeout)`);
const keptAlive = (by: string) => (answer: RawResponse) => {
  timeout("idle")(answer);
  expect(answer.text.split(by).length).toBeGreaterThan(2);
};

const words = 24;
const chunksOf = (kind: StreamKind) => words + kind.otherChunks;

const failures: Record<(typeof failureRows)[number], Failure> = {
  "connection refused": { model: "refused" },
  "error status 500": errorAnswer(500),
  "error status 429": errorAnswer(429, { "retry-after": "7" }),
  "error status 400": errorAnswer(400),
  "reset before the headers": { behaviour: () => ({ kind: "reset", at: "before_headers" }) },
  "reset behind the headers": { behaviour: () => ({ kind: "reset", at: "after_headers" }) },
  "clean end without any event": { behaviour: () => ({ kind: "truncate", afterChunks: 0 }) },
  "no headers until `first_byte`": {
    model: "silent",
    behaviour: () => ({ kind: "hang", at: "before_headers" }),
    shows: timeout("first_byte"),
  },
  "headers, then nothing until `first_byte`": {
    model: "silent",
    behaviour: () => ({ kind: "hang", at: "after_headers" }),
    shows: timeout("first_byte"),
  },
  "headers, then only comments": {
    model: "silent",
    behaviour: () => ({ kind: "stall", afterChunks: 0, comment, everyMs: 40 }),
    shows: timeout("first_byte"),
  },
  "error as the first event": { behaviour: () => ({ kind: "error_event", afterChunks: 0 }) },
  "error event in the middle": { behaviour: (kind) => ({ kind: "error_event", afterChunks: kind.toThirdWord }) },
  "reset between events": { behaviour: (kind) => ({ kind: "reset", at: kind.toThirdWord }) },
  "reset inside an event": { behaviour: (kind) => ({ kind: "reset", at: kind.toThirdWord, inside: true }) },
  "reset behind the terminator": { behaviour: (kind) => ({ kind: "reset", at: chunksOf(kind) }) },
  "clean end without the terminator": { behaviour: (kind) => ({ kind: "truncate", afterChunks: kind.toThirdWord }) },
  "clean end with the terminator alone missing": { behaviour: (kind) => ({ kind: "truncate", afterChunks: chunksOf(kind) - 1 }) },
  "stall until `idle`": {
    model: "stalling",
    behaviour: (kind) => ({ kind: "stall", afterChunks: kind.toThirdWord }),
    shows: timeout("idle"),
  },
  "comments during a stall": {
    model: "stalling",
    behaviour: (kind) => ({ kind: "stall", afterChunks: kind.toThirdWord, comment, everyMs: 40 }),
    shows: keptAlive(comment),
  },
  "pings during a stall": {
    model: "stalling",
    behaviour: (kind) => ({ kind: "stall", afterChunks: kind.toThirdWord, comment: ping, everyMs: 40 }),
    shows: keptAlive(ping),
  },
  "`total` passes": { model: "short", behaviour: () => ({ kind: "drip", everyMs: 200 }), shows: timeout("total") },
};

/** Cells in which Headgate does not do yet what the page says, and what it does instead. */
let provider: Provider;
let headgate: Headgate;
let key: string;

interface Cell {
  answer: RawResponse;
  /** What the endpoint had to send; null when the call did not get that far. */
  endpointText: string | null;
  bodyBytes: number;
}

const failureNames = Object.keys(failures) as (keyof typeof failures)[];
const cells = new Map<string, PromiseSettledResult<Cell>>();

beforeAll(async () => {
  provider = await startProvider({ text: "word ".repeat(words).trim() });
  headgate = await startHeadgate();
  const endpoint = (name: string, timeouts: object, url = provider.url) =>
    headgate.addEndpoint({ name, url: `${url}/v1`, models: [name], timeouts, sync: false, sync_interval: 0 });
  await endpoint("patient", {});
  await endpoint("silent", { first_byte: "300ms" });
  await endpoint("stalling", { idle: "400ms" });
  await endpoint("short", { total: "1500ms" });
  // Nothing listens there, and no other test is given that port.
  await endpoint("refused", {}, "http://127.0.0.1:1");
  key = await headgate.createKey();
  // All calls first: the tests then find their ledger rows written.
  for (const name of failureNames) {
    const row = await Promise.allSettled(streamKinds.map((kind) => call(name, kind)));
    for (const [index, cell] of row.entries()) cells.set(`${name} / ${streamKinds[index]?.name}`, cell);
  }
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

async function call(name: keyof typeof failures, kind: StreamKind): Promise<Cell> {
  const { model = "patient", behaviour } = failures[name];
  const cell = `${failureNames.indexOf(name)}-${streamKinds.indexOf(kind)}`;
  const match = (request: RecordedRequest) => request.headers["x-cell"] === cell;
  if (behaviour !== undefined) provider.next(behaviour(kind), { match });
  const connection = await rawConnect(headgate.url);
  const body = JSON.stringify(kind.body(model));
  const headers = { ...kind.headers(key), "content-type": "application/json", "x-cell": cell };
  connection.send(rawRequestBytes(headgate.url, { method: "POST", target: kind.target, headers, body }));
  const answer = await (await connection.response({ method: "POST" })).done();
  // However the answer ends, it ends in peace: a reset could overtake the last bytes.
  expect(connection.error).toBeNull();
  await connection.destroy();
  const request = behaviour === undefined ? null : provider.take(match);
  const endpointText = request === null ? null : Buffer.concat(usualAnswer(request, provider.settings).chunks).toString();
  return { answer, endpointText, bodyBytes: body.length };
}

describe.each(failureNames)("%s", (name) => {
  test.each(streamKinds)("$name", async (kind) => {
    const cell = `${name} / ${kind.name}`;
    const called = cells.get(cell);
    if (called?.status !== "fulfilled") throw new Error(`${cell} could not be called`, { cause: called?.reason });
    const { answer, endpointText, bodyBytes } = called.value;
    const row = await headgate.eventually(async () => {
      const { status, body } = await headgate.admin("GET", `/requests/${answer.headers["x-request-id"]}`);
      return status === 200 && body.state !== "in_progress" && body;
    });
    expect(callerSaw(answer, kind, endpointText, row.error)).toBe(callerSees(name, kind));
    failures[name].shows?.(answer);
    const passed = answer.status === 200 ? answer.text : "";
    const said = ledgerSaid(row, kind, { passed, bodyBytes, said: provider.settings.usage });
    expect(said).toBe(ledgerSays(name, kind));
  });
});
