// Log lines are JSON with time, level, fields and message; no secret gets into one, and none is lost by a process that flushes.
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { HeadgateError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import type { RequestEvent } from "../gateway/ports.ts";
import { createLogger, type LogOptions } from "./log.ts";
import { logRequest } from "./request-line.ts";

function capture(level: LogOptions["level"] = "debug") {
  const lines: string[] = [];
  return { log: createLogger({ level, destination: { write: (line) => lines.push(line) } }), lines };
}

describe("createLogger", () => {
  test("a line is one JSON object with time, level, fields and message", () => {
    const { log, lines } = capture();
    log.info({ request_id: "req_1", status: 200 }, "request finished");
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] as string);
    expect(line).toEqual({
      level: "info",
      time: expect.any(String),
      request_id: "req_1",
      status: 200,
      message: "request finished",
    });
    expect(new Date(line.time).toISOString()).toBe(line.time);
    expect(lines[0]?.endsWith("\n")).toBe(true);
  });

  test("one process of several names itself in every line, of calls too, and a single one in none", () => {
    const call: RequestEvent = {
      requestId: "req_1",
      method: "POST",
      path: "/v1/responses",
      keyId: null,
      userId: null,
      model: null,
      endpoint: null,
      status: 404,
      errorCode: null,
      attempts: 0,
      durationMs: 1,
      ttftMs: null,
      detail: null,
    };
    for (const process of [undefined, 'worker-"1"']) {
      const lines: string[] = [];
      const log = createLogger({ level: "debug", process, destination: { write: (line) => lines.push(line) } });
      log.warn({ part: "spool" }, "one");
      logRequest(log, call);
      logRequest(log, { ...call, detail: "why" });
      expect(lines.map((line) => JSON.parse(line).process)).toEqual([process, process, process]);
      const orders = lines.map((line) => Object.keys(JSON.parse(line)).slice(0, 4));
      const third = process === undefined ? ["request_id", "method"] : ["process", "request_id"];
      expect(orders.slice(1)).toEqual([
        ["level", "time", ...third],
        ["level", "time", ...third],
      ]);
    }
  });

  test("lines below the level are left out", () => {
    const { log, lines } = capture("warn");
    log.debug({}, "a");
    log.info({}, "b");
    log.warn({}, "c");
    log.error({}, "d");
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(["c", "d"]);
  });

  test("a message is taken as it is, whatever signs it holds", () => {
    const { log, lines } = capture();
    log.info({}, "50 %s of %o\n%d");
    expect(JSON.parse(lines[0] as string).message).toBe("50 %s of %o\n%d");
  });

  test("an error shows type, code, message, detail, stack and causes, and nothing that hangs on it", () => {
    const { log, lines } = capture();
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", options: { password: "canary" } });
    const err = Object.assign(new HeadgateError("upstream_unreachable", { detail: "10.0.0.1:80", cause }), {
      config: { headers: { authorization: "Bearer canary" } },
      request: { key: "canary" },
    });
    log.error({ err, other: cause }, "failed");
    const line = JSON.parse(lines[0] as string);
    expect(line.err).toMatchObject({ type: "HeadgateError", code: "upstream_unreachable", detail: "10.0.0.1:80" });
    expect(line.err.stack).toContain("log.test.ts");
    expect(line.err.cause).toMatchObject({ type: "Error", code: "ECONNREFUSED", message: "connect ECONNREFUSED" });
    expect(line.other.code).toBe("ECONNREFUSED");
    expect(lines[0]).not.toContain("canary");
  });

  test("secrets don't get through: Secret values, telling names, credentials in an error's text", () => {
    const { log, lines } = capture();
    log.debug({ value: new Secret("canary"), deep: { deeper: [{ value: new Secret("canary") }] } }, "a");
    log.debug({ authorization: "canary", api_key: "canary", token: "canary", headers: { "x-api-key": "canary" } }, "b");
    log.debug({ request: { headers: { cookie: "canary" }, password: "canary" } }, "c");
    for (const text of [
      "postgres://me:canary@db/x",
      "sent Bearer canary-123",
      'Authorization: "Basic canary"',
      "key sk-hg-canary-canary",
    ]) {
      log.error({ err: new Error(text, { cause: new Error(text) }) }, "d");
    }
    expect(lines).toHaveLength(7);
    expect(lines.join("")).not.toContain("canary");
  });

  test("flush writes out every line that waits before it returns; a write that is under way takes none away", async () => {
    const { log, content } = logToFile();
    const written = () =>
      content()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).i as number);
    const upTo = (length: number) => Array.from({ length }, (_, index) => index);
    // Too few to begin a write by themselves.
    for (const i of upTo(40)) log.info({ i }, "line");
    log.flush();
    expect(written()).toEqual(upTo(40));
    for (const i of upTo(300).slice(40)) log.info({ i }, "line");
    log.flush();
    expect(written()).toContain(299);
    // What was handed to the system before may come behind.
    const inOrder = () => written().sort((a, b) => a - b);
    await expect.poll(inOrder, { timeout: 10_000, interval: 50 }).toEqual(upTo(300));
  });

  test("a line that nobody flushes is written within a few seconds", async () => {
    const { log, content } = logToFile();
    log.info({}, "hello");
    await expect.poll(content, { timeout: 10_000, interval: 50 }).toContain('"hello"');
  });
});

/** A buffered log into a file of its own, and what is in that file by now. */
function logToFile() {
  const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "log");
  return { log: createLogger({ level: "info", fd: openSync(path, "a") }), content: () => readFileSync(path, "utf8") };
}
