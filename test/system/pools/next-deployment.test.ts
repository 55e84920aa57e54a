// The column "next deployment" of docs/streaming.md, cell by cell: the call succeeds from a second deployment where it says yes, and only there.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import type { RecordedRequest } from "../../support/provider/recorded-request.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { callerSees, nextDeployment, rowsBeforeFirstByte } from "../streaming/contract.ts";
import { callerSaw, comment, withoutUsageChunk } from "../streaming/observed.ts";
import { eventsIn, type StreamKind, streamKinds } from "../streaming/stream-kinds.ts";
import { addEndpoint, change, ledgerRow } from "./pool.ts";

const answers = (status: number): Behaviour => ({ kind: "answer", status, body: { error: { message: "no" } } });

/** How the first deployment fails; null: nobody listens there. */
const failures: Record<string, Behaviour | null> = {
  "connection refused": null,
  "error status 500": answers(500),
  "error status 429": answers(429),
  "error status 400": answers(400),
  "reset before the headers": { kind: "reset", at: "before_headers" },
  "reset behind the headers": { kind: "reset", at: "after_headers" },
  "clean end without any event": { kind: "truncate", afterChunks: 0 },
  "no headers until `first_byte`": { kind: "hang", at: "before_headers" },
  "headers, then nothing until `first_byte`": { kind: "hang", at: "after_headers" },
  "headers, then only comments": { kind: "stall", afterChunks: 0, comment, everyMs: 40 },
  "error as the first event": { kind: "error_event", afterChunks: 0 },
  "caller gone before the first byte": { kind: "hang", at: "before_headers" },
};

let bad: Provider;
let good: Provider;
let headgate: Headgate;
let key: string;

beforeAll(async () => {
  [bad, good] = await Promise.all([startProvider(), startProvider({ text: "word ".repeat(24).trim() })]);
  headgate = await startHeadgate({ logLevel: "warn" });
  key = await headgate.createKey();
  const cells = rowsBeforeFirstByte.flatMap((row) => streamKinds.map((kind) => nameOf(row, kind)));
  await addEndpoint(headgate, "bad", `${bad.url}/v1`, cells, { timeouts: { first_byte: "20s" } });
  // Short only where it is waited for: a machine that stalls must not turn another failure into this one.
  await addEndpoint(headgate, "silent", `${bad.url}/v1`, cells, { timeouts: { first_byte: "500ms" } });
  await addEndpoint(headgate, "gone", "http://127.0.0.1:1/v1", cells);
  await addEndpoint(headgate, "good", `${good.url}/v1`, cells);
  for (const cell of cells) {
    const row = rowsBeforeFirstByte[Number(cell.split("-")[1])] as string;
    const isSilent = row.includes("`first_byte`") || row === "headers, then only comments";
    const first = failures[row] === null ? "gone" : isSilent ? "silent" : "bad";
    const targets = [first, "good"].map((endpoint) => ({ endpoint, model: cell }));
    await change(headgate, "POST", "/models", { name: `over-${cell}`, strategy: "priority", targets });
  }
});
afterAll(async () => {
  await headgate?.stop();
  await bad?.close();
  await good?.close();
});

/** Of the cell's deployments; `over-…` is its model. */
const nameOf = (row: string, kind: StreamKind) => `cell-${rowsBeforeFirstByte.indexOf(row)}-${streamKinds.indexOf(kind)}`;

async function call(row: string, kind: StreamKind): Promise<RawResponse | null> {
  const cell = nameOf(row, kind);
  const behaviour = failures[row];
  if (behaviour === undefined) throw new Error(`no test knows how an endpoint does that: ${row}`);
  const match = ({ json }: RecordedRequest) => json?.model === cell;
  if (behaviour !== null) bad.next(behaviour, { match });
  const connection = await rawConnect(headgate.url);
  const request = { method: "POST", target: kind.target, headers: kind.headers(key), body: kind.body(`over-${cell}`) };
  connection.send(rawRequestBytes(headgate.url, request));
  const answer = connection.expect("POST");
  if (row.startsWith("caller gone")) {
    const asked = await bad.waitForRequest({ match });
    await connection.destroy();
    await asked.aborted;
    return null;
  }
  await answer.done();
  await connection.destroy();
  return answer;
}

test("the page has these rows", () => {
  expect(Object.keys(failures)).toEqual(rowsBeforeFirstByte);
});

describe.concurrent.each(rowsBeforeFirstByte)("%s", (row) => {
  test.each(streamKinds)("$name", async (kind) => {
    const says = nextDeployment(row, kind);
    expect(says).toMatch(/^(?:yes|no)\b/);
    const answer = await call(row, kind);
    const asked = good.calls.filter(({ json }) => json?.model === nameOf(row, kind)).length;
    if (!says.startsWith("yes")) {
      expect([says, asked]).toEqual([says, 0]);
      if (answer === null) return;
      expect(answer.headers["x-headgate-attempts"]).toBe("1");
      // What it sees then is that page's business, and tested there; here only that it is the failure.
      const sees = callerSees(row, kind);
      if (/^\d/.test(sees)) expect(callerSaw(answer, kind, null, null)).toBe(sees);
      return;
    }
    const { status, headers, ended, text } = answer as RawResponse;
    const attempts = headers["x-headgate-attempts"];
    expect([status, ended, headers["x-headgate-endpoint"], attempts]).toEqual([200, "complete", "good", "2"]);
    // Whole, and nothing of the first deployment's in it.
    expect(
      eventsIn(text)
        .map((event) => kind.textIn(event) ?? "")
        .join(""),
    ).toBe(good.settings.text);
    expect(withoutUsageChunk(text, kind)).toBe(text);
    expect(asked).toBe(1);
    const ledger = await ledgerRow(headgate, headers["x-request-id"] as string);
    expect([ledger.status, ledger.error, ledger.attempts.length, ledger.endpoint]).toEqual([200, null, 2, "good"]);
    expect(ledger.attempts[0].error).not.toBeNull();
  });
});
