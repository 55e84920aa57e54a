// Only what another deployment can mend is tried again, only what is the endpoint's fault counts against it.
import { describe, expect, test } from "vitest";
import { type ErrorCode, errorCatalogue } from "../../core/errors.ts";
import { type AnsweredAttempt, type FailedAttempt, judgeAttempt } from "./judge-attempt.ts";

const nowMs = Date.UTC(2025, 5, 1);

function answer(status: number, more: Partial<AnsweredAttempt> = {}) {
  const plain = { headers: [], nowMs, method: "POST", isInference: true, hasCredential: true, isEmpty: false, firstEvent: null };
  return judgeAttempt({ kind: "answer", status, ...plain, ...more });
}

function failure(code: ErrorCode, more: Partial<FailedAttempt> = {}) {
  const plain = { timeout: null, sent: true, isInference: true, hadItsTime: true };
  return judgeAttempt({ kind: "failed", code, ...plain, ...more });
}

describe("statuses", () => {
  test.each([
    [200, false, "success"],
    [201, false, "success"],
    [204, false, "success"],
    [400, false, "success"],
    [401, true, "failure"],
    [402, true, "failure"],
    [403, true, "failure"],
    [404, false, "neutral"],
    [405, false, "neutral"],
    [408, true, "failure"],
    [409, true, "neutral"],
    [410, false, "neutral"],
    [413, false, "success"],
    [415, false, "success"],
    [418, false, "success"],
    [422, false, "success"],
    [425, true, "neutral"],
    [429, true, "limited"],
    [451, false, "success"],
    [500, true, "failure"],
    [501, false, "neutral"],
    [502, true, "failure"],
    [503, true, "failure"],
    [504, true, "failure"],
    [505, false, "neutral"],
    [520, true, "failure"],
    [529, true, "failure"],
    [307, true, "failure"],
  ])("%i: retry %s, %s", (status, retry, health) => {
    expect(answer(status)).toMatchObject({ retry, health });
  });

  test("outside inference paths the same ones are tried again, a redirect passes, and 408 may be the caller's slowness", () => {
    const elsewhere = { isInference: false };
    for (const status of [401, 409, 425, 429, 500, 503]) expect(answer(status, elsewhere)).toEqual(answer(status));
    expect(answer(302, elsewhere)).toMatchObject({ retry: false, health: "success" });
    expect(answer(408, elsewhere)).toMatchObject({ retry: true, health: "neutral" });
  });

  test("401 and 403 of an endpoint without a credential of ours are the caller's answer", () => {
    for (const status of [401, 402, 403]) {
      expect(answer(status, { hasCredential: false })).toMatchObject({ retry: false, health: "neutral" });
    }
  });
});

describe("rest", () => {
  test.each([
    [429, ["retry-after", "7"], 7000],
    [429, ["retry-after", "0"], 0],
    [429, [], 1000],
    [429, ["retry-after", "86400"], 600_000],
    [429, ["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "9s"], 9000],
    [429, ["retry-after", "2", "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "9s"], 2000],
    [429, ["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "2h"], 600_000],
    [503, ["retry-after", "20"], 20_000],
    [503, [], null],
    [500, ["x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "9s"], null],
    [529, [], 1000],
    [529, ["retry-after", "3"], 3000],
    [400, ["retry-after", "3"], null],
  ])("%i with %j rests for %s ms", (status, headers, restMs) => {
    expect(answer(status, { headers })).toMatchObject({ restMs });
  });
});

describe("a 2xx that is none", () => {
  test("an empty answer is tried again where one was due", () => {
    expect(answer(200, { isEmpty: true })).toMatchObject({ retry: true, health: "failure" });
    expect(answer(204, { isEmpty: true })).toMatchObject({ retry: true, health: "failure" });
    expect(answer(200, { isEmpty: true, isInference: false })).toMatchObject({ retry: true, health: "failure" });
    for (const [method, status] of [
      ["DELETE", 200],
      ["GET", 200],
      ["HEAD", 200],
      ["POST", 202],
      ["POST", 204],
    ] as const) {
      expect(answer(status, { isEmpty: true, isInference: false, method })).toMatchObject({ retry: false, health: "success" });
    }
  });

  test("a first event that is an error counts as the status it stands for", () => {
    for (const status of [400, 401, 404, 429, 500, 503, 529]) {
      const { cause, ...expected } = answer(status);
      const inStream = answer(200, { firstEvent: { kind: "error", status } });
      expect(inStream).toMatchObject(expected);
      expect(inStream.cause).not.toBe(cause);
    }
  });

  test("a stream that ends before any event is tried again; a GET may find nothing new in one", () => {
    const firstEvent = { kind: "none" } as const;
    expect(answer(200, { firstEvent })).toMatchObject({ retry: true, health: "failure" });
    expect(answer(200, { firstEvent, method: "GET", isInference: false })).toMatchObject({ retry: false, health: "success" });
  });

  test("a stream that begins well is a success", () => {
    expect(answer(200, { firstEvent: { kind: "fine" } })).toMatchObject({ retry: false, health: "success" });
  });
});

describe("no answer", () => {
  test("a connection that never stood is tried again on every path", () => {
    for (const isInference of [true, false]) {
      expect(failure("upstream_unreachable", { sent: false, isInference })).toMatchObject({ retry: true, health: "failure" });
      const connect = { timeout: "connect", sent: false, isInference } as const;
      expect(failure("upstream_timeout", connect)).toMatchObject({ retry: true, health: "failure", cause: "connect timeout" });
    }
  });

  test("what may have been done already is tried again on inference paths only", () => {
    for (const code of ["upstream_unreachable", "upstream_interrupted"] as const) {
      expect(failure(code)).toMatchObject({ retry: true, health: "failure" });
      expect(failure(code, { isInference: false })).toMatchObject({ retry: false, health: "failure" });
    }
    for (const timeout of ["first_byte", "idle", "total"] as const) {
      expect(failure("upstream_timeout", { timeout })).toMatchObject({ retry: true, health: "failure" });
      expect(failure("upstream_timeout", { timeout, isInference: false })).toMatchObject({ retry: false, health: "failure" });
    }
  });

  test("a caller in a hurry says nothing about the endpoint", () => {
    const hurried = { timeout: "total", hadItsTime: false } as const;
    expect(failure("upstream_timeout", hurried)).toMatchObject({ retry: true, health: "neutral" });
  });

  test("the gateway's own errors are nobody else's, and nothing is tried again", () => {
    const codes = (Object.keys(errorCatalogue) as ErrorCode[]).filter((code) => !code.startsWith("upstream_"));
    expect(codes).toContain("accounting_unavailable");
    for (const code of codes) expect(failure(code, { sent: false })).toMatchObject({ retry: false, health: "neutral" });
  });
});

test("after the first byte nothing is tried again; only an answer that was too long for the total timeout is no failure", () => {
  for (const timeout of [null, "idle"] as const) {
    expect(judgeAttempt({ kind: "broken", timeout })).toMatchObject({ retry: false, health: "failure" });
  }
  expect(judgeAttempt({ kind: "broken", timeout: "total" })).toMatchObject({ retry: false, health: "neutral" });
});

test("an attempt that we ended says nothing", () => {
  expect(judgeAttempt({ kind: "abandoned" })).toMatchObject({ retry: false, health: "neutral", restMs: null });
});
