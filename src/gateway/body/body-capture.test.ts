// What is set aside for a call's bodies is given back once, whatever becomes of the call, and what is taken is a copy.
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { Secret } from "../../core/secret.ts";
import type { CapturedBodies } from "../../domain/captured-bodies.ts";
import type { EndpointView } from "../../domain/snapshot.ts";
import type { Call } from "../call.ts";
import type { BodySink } from "../ports.ts";
import type { ReceivedBody } from "../receive-body.ts";
import { BodyCapture } from "./body-capture.ts";

const keeping = { retentionMs: 3_600_000, redact: [] };

function sink(bytesMax = Number.POSITIVE_INFINITY) {
  const state = { held: 0, dropped: 0, kept: [] as CapturedBodies[] };
  const of: BodySink = {
    reserve: (bytes) => {
      const fits = state.held + bytes <= bytesMax;
      if (fits) state.held += bytes;
      return fits;
    },
    release: (bytes) => {
      state.held -= bytes;
    },
    drop: (bytes) => {
      state.held -= bytes;
      state.dropped++;
    },
    keep: (bodies) => {
      state.held -= bodies.reservedBytes;
      state.kept.push(bodies);
    },
  };
  return { state, of };
}

const callOf = (attempts: number) =>
  ({ id: "req_1", startedAtMs: 0, req: { headers: {} }, principal: null, payingGroupId: "grp_1", attempts }) as unknown as Call;
const received = (...chunks: Buffer[]) => ({ chunks, bytes: Buffer.concat(chunks).length }) as unknown as ReceivedBody;

test("is given back when there was no attempt, when it is kept, and when memory ends on the way or at the end", () => {
  for (const [attempts, bytesMax, answerBytes, kept, dropped] of [
    [0, 1e6, 9000, 0, 0],
    [1, 1e6, 9000, 1, 0],
    [1, 5000, 9000, 0, 1],
    [1, 4096, 10, 0, 1],
    [1, 1e6, 0, 1, 0],
  ] as const) {
    const { state, of } = sink(bytesMax);
    const call = callOf(attempts);
    const capture = new BodyCapture(of, call, keeping, received(Buffer.alloc(500, "a"), Buffer.alloc(500, "b")));
    capture.answerBegins("text/plain", "");
    for (let sent = 0; sent < answerBytes; sent += 10) capture.answered(Buffer.alloc(10, "x"));
    capture.finish(call);
    // What comes late changes nothing.
    capture.answered(Buffer.alloc(100_000));
    expect([state.held, state.kept.length, state.dropped]).toEqual([0, kept, dropped]);
  }
});

test("what is changed behind it, or comes when it is over, is not in it; what streams through is", async () => {
  const { state, of } = sink();
  const call = callOf(1);
  const body = new Readable({ read() {} });
  const capture = new BodyCapture(of, call, keeping, body);
  const seen: string[] = [];
  body.on("data", (chunk: Buffer) => void seen.push(chunk.toString()));
  body.push("sent");
  await new Promise((resolve) => setImmediate(resolve));
  const chunk = Buffer.from("said");
  capture.answered(chunk);
  chunk.fill("x");
  capture.finish(call);
  body.push(" later");
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.join("")).toBe("sent later");
  const [one] = state.kept as [CapturedBodies];
  expect([one.request?.bytes.toString(), one.request?.length, one.response?.bytes.toString()]).toEqual(["sent", 4, "said"]);
  expect(state.held).toBe(0);
});

test("what an endpoint is sent as a secret is known as one, in whatever header or parameter", () => {
  const { state, of } = sink();
  const call = callOf(1);
  const capture = new BodyCapture(of, call, keeping, received(Buffer.from("a")));
  capture.used({
    credential: new Secret("the key"),
    headers: { authorization: "Token 0123456789", "x-api-key": "short-key", "api-version": "2026-11-22", "x-note": "some words" },
    query: { code: "abc/def==", tenant: "0123456789abcdefghij" },
  } as unknown as EndpointView);
  capture.finish(call);
  expect(state.kept[0]?.secrets).toEqual(["the key", "0123456789", "short-key", "abc/def==", "0123456789abcdefghij"]);
});
