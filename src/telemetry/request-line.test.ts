// The line of a call is what JSON.stringify makes of its fields, in the form and order of all other lines.
import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RequestEvent } from "../gateway/ports.ts";
import { requestEvent } from "./fixtures/request-event.ts";
import { createLogger } from "./log.ts";
import { logRequest } from "./request-line.ts";

const text = fc.oneof(fc.string(), fc.string({ unit: "binary", maxLength: 100 }));
const number = fc.oneof(fc.nat(), fc.double());

const anyEvent: fc.Arbitrary<RequestEvent> = fc.record({
  requestId: text,
  method: text,
  path: text,
  keyId: fc.option(text),
  userId: fc.option(text),
  model: fc.option(text),
  endpoint: fc.option(text),
  status: fc.oneof(fc.constantFrom(200, 404, 502), number),
  errorCode: fc.option(text),
  attempts: number,
  durationMs: number,
  ttftMs: fc.option(number),
  detail: fc.constant(null),
});

/** What is in the log for a call, but for level, time and message. */
function fieldsOf(event: RequestEvent): object {
  return {
    request_id: event.requestId,
    method: event.method,
    path: event.path,
    status: event.status,
    duration_ms: event.durationMs,
    key_id: event.keyId ?? undefined,
    user_id: event.userId ?? undefined,
    model: event.model ?? undefined,
    endpoint: event.endpoint ?? undefined,
    ttft_ms: event.ttftMs ?? undefined,
    attempts: event.attempts,
    error: event.errorCode ?? undefined,
  };
}

describe("logRequest", () => {
  test("writes what JSON.stringify would, for any texts and numbers", () => {
    const lines: string[] = [];
    const log = createLogger({ level: "info", destination: { write: (line) => lines.push(line) } });
    fc.assert(
      fc.property(anyEvent, (one) => {
        const before = Date.now();
        logRequest(log, one);
        const line = lines.pop() as string;
        const { level, time } = JSON.parse(line);
        expect(level).toBe(one.status >= 500 ? "warn" : "info");
        expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
        expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
        expect(line).toBe(`${JSON.stringify({ level, time, ...fieldsOf(one), message: "request" })}\n`);
      }),
    );
    expect(lines).toEqual([]);
  });

  test("is of the form of any other line", () => {
    const lines: string[] = [];
    const log = createLogger({ level: "info", destination: { write: (line) => lines.push(line) } });
    logRequest(log, requestEvent({ ttftMs: null }));
    const { level: _level, time: _time, message, ...fields } = JSON.parse(lines[0] as string);
    log.info(fields, message);
    const withoutTime = (line: string | undefined) => line?.replace(/"time":"[^"]*"/, "");
    expect(withoutTime(lines[1])).toBe(withoutTime(lines[0]));
  });

  test("what has a cause to tell is a warning, with the cause", () => {
    const lines: string[] = [];
    const log = createLogger({ level: "warn", destination: { write: (line) => lines.push(line) } });
    logRequest(log, requestEvent());
    logRequest(log, requestEvent({ status: 502, errorCode: "upstream_unreachable" }));
    logRequest(log, requestEvent({ detail: "connect ECONNREFUSED" }));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", status: 502, error: "upstream_unreachable" },
      { level: "warn", status: 200, detail: "connect ECONNREFUSED" },
    ]);
  });

  test("lines of calls and others are in the file in the order in which they were written", async () => {
    const { path, log } = logToFile();
    const expected: string[] = [];
    for (let index = 0; index < 1000; index++) {
      if (index % 7 === 3) log.info({ request_id: `other ${index}` }, "other");
      else logRequest(log, requestEvent({ requestId: `req_${index}` }));
      expected.push(index % 7 === 3 ? `other ${index}` : `req_${index}`);
    }
    await expect.poll(() => requestIds(path), { timeout: 10_000, interval: 50 }).toEqual(expected);
  });

  test("flush writes at once what waits", () => {
    const { path, log } = logToFile();
    logRequest(log, requestEvent({ requestId: "req_1" }));
    log.info({ request_id: "other" }, "other");
    log.flush();
    expect(requestIds(path)).toEqual(["req_1", "other"]);
  });

  test("a line that nobody flushes is written within a second or so", async () => {
    const { path, log } = logToFile();
    logRequest(log, requestEvent({ requestId: "req_alone" }));
    await expect.poll(() => requestIds(path), { timeout: 10_000, interval: 50 }).toEqual(["req_alone"]);
  });

  test.each(["process.exit(0)", "setImmediate(() => {})"])("a process that ends by %s loses none", (end) => {
    const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "log");
    const script = `
      import { openSync } from "node:fs";
      import { createLogger } from ${JSON.stringify(compiled("log.js"))};
      import { logRequest } from ${JSON.stringify(compiled("request-line.js"))};
      const log = createLogger({ level: "info", fd: openSync(${JSON.stringify(path)}, "a") });
      for (let index = 0; index < 100; index++) logRequest(log, { ...${JSON.stringify(requestEvent())}, requestId: "req_" + index });
      ${end};`;
    execFileSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(requestIds(path)).toEqual(Array.from({ length: 100 }, (_, index) => `req_${index}`));
  });
});

/** As a process runs it: Node 20 takes JavaScript only. */
function compiled(name: string): string {
  return new URL(`../../compiled/telemetry/${name}`, import.meta.url).href;
}

function logToFile() {
  const folder = mkdtempSync(join(tmpdir(), "headgate-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "log");
  return { path, log: createLogger({ level: "info", fd: openSync(path, "a") }) };
}

function requestIds(path: string): string[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line).request_id);
}
