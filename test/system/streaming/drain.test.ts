// SIGTERM with a stream of every kind in flight. What else a drain does: test/system/drain.test.ts.
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { createHome, type HeadgateProcess, type Home, startHeadgateProcess } from "../../support/headgate-process.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import { usualAnswer } from "../../support/provider/usual-answer.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../../support/raw-http.ts";
import { callerSees, ledgerSays } from "./contract.ts";
import { callerSaw, ledgerSaid } from "./observed.ts";
import type { drainRows } from "./rows.ts";
import { type StreamKind, streamKinds } from "./stream-kinds.ts";

const key = "key-of-the-streams-in-a-drain-0123456789";

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider({ models: ["m"], text: "word ".repeat(24).trim() });
});
afterAll(() => provider?.close());

type DrainRow = (typeof drainRows)[number];
const row = (name: DrainRow) => name;

async function start(home: Home, server: object): Promise<HeadgateProcess> {
  const endpoints = [{ name: "prod", url: `${provider.url}/v1`, models: ["m"], sync_interval: 0 }];
  const headgate = await startHeadgateProcess({ home, config: { server, endpoints, keys: [{ name: "caller", key }] } });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

const requestOf = (kind: StreamKind) => {
  const headers = { ...kind.headers(key), "content-type": "application/json" };
  return { method: "POST", target: kind.target, headers, body: JSON.stringify(kind.body("m")) };
};

/** A stream that has begun. */
async function begin(headgate: HeadgateProcess, kind: StreamKind, behaviour: Behaviour) {
  provider.next(behaviour, { match: kind.target });
  const connection = await rawConnect(headgate.url);
  const request = requestOf(kind);
  connection.send(rawRequestBytes(headgate.url, request));
  const response = connection.expect("POST");
  await response.until(() => response.text.split("word").length > 3, 10_000, "the third word");
  const endpointText = Buffer.concat(usualAnswer(provider.take(kind.target), provider.settings).chunks).toString();
  return { kind, response, endpointText, bodyBytes: request.body.length };
}

type Begun = Awaited<ReturnType<typeof begin>>;

/** The streams have ended as the row says, in the callers' eyes and in the ledger that the next start reads. */
async function expectRow(name: DrainRow, restarted: HeadgateProcess, streams: readonly Begun[], code: string | null) {
  for (const { kind, response, endpointText, bodyBytes } of streams) {
    await response.done();
    expect([kind.name, callerSaw(response, kind, endpointText, code)]).toEqual([kind.name, callerSees(name, kind)]);
    const settled = await eventually(async () => {
      const { status, body } = await restarted.admin("GET", `/requests/${response.headers["x-request-id"]}`);
      return status === 200 && body.state !== "in_progress" && body;
    });
    const said = ledgerSaid(settled, kind, { passed: response.text, bodyBytes, said: provider.settings.usage });
    expect([kind.name, said]).toEqual([kind.name, ledgerSays(name, kind)]);
  }
}

test("streams finish whole or are told after drain_timeout, and new calls are refused, each in its own kind", async () => {
  const home = await createHome();
  onTestFinished(() => home.remove());
  const headgate = await start(home, { drain_timeout: "7s" });
  const beginAll = (behaviour: (kind: StreamKind) => Behaviour) =>
    Promise.all(streamKinds.map((kind) => begin(headgate, kind, behaviour(kind))));
  const stalled = await beginAll((kind) => ({ kind: "stall", afterChunks: kind.toThirdWord }));
  const flowing = await beginAll(() => ({ kind: "drip", everyMs: 100 }));
  expect(flowing.map(({ response }) => response.ended)).toEqual([null, null, null, null]);

  headgate.signal("SIGTERM");
  const status = () =>
    headgate.readiness().then(
      (answer) => answer.status,
      // A connection that was kept alive may be closed at that moment.
      () => null,
    );
  await eventually(async () => (await status()) === 503);
  for (const kind of streamKinds) {
    const refused = await rawRequest(headgate.url, requestOf(kind));
    expect(callerSaw(refused, kind, null, "draining")).toBe(callerSees(row("new call during a drain"), kind));
    expect([refused.headers.connection, Number(refused.headers["retry-after"]) > 0]).toEqual(["close", true]);
  }
  expect(await headgate.exited).toEqual({ code: 0, signal: null });

  const restarted = await start(home, {});
  await expectRow(row("drain"), restarted, flowing, null);
  await expectRow(row("`drain_timeout` passes"), restarted, stalled, "draining");
});
