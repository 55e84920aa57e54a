// Callers whose tokens are being proven while something else happens: they go, or the process ends.
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type MockGlobus, startMockGlobus } from "../support/mock-globus.ts";
import { rawConnect, rawRequest, rawRequestBytes } from "../support/raw-http.ts";

let globus: MockGlobus;
let headgate: Headgate;
beforeEach(async () => {
  globus = await startMockGlobus();
  const started = globus;
  onTestFinished(() => started.stop());
  const env = {
    GLOBUS_APPLICATION_ID: globus.clientId,
    GLOBUS_APPLICATION_SECRET: globus.clientSecret,
    HEADGATE_GLOBUS_AUTH_URL: globus.url,
    HEADGATE_GLOBUS_GROUPS_URL: globus.url,
  };
  // Longer ones are waited for where there are workers: these are told to end as by SIGTERM.
  headgate = await startHeadgate({ env, config: { server: { drain_timeout: "200ms" } } });
  const running = headgate;
  onTestFinished(() => running.stop());
});

const ask = (token: string) => ({ method: "GET", target: "/v1/models", headers: { authorization: `Bearer ${token}` } });

async function inFlight(): Promise<number> {
  const answer = await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${headgate.adminToken}` } });
  return Number(/^headgate_requests_in_flight (\d+)$/m.exec(await answer.text())?.[1]);
}

test("callers who go are not waited for, and what their provider says then harms nobody", async () => {
  globus.delayMs = 4000;
  const connections = await Promise.all(Array.from({ length: 20 }, () => rawConnect(headgate.url)));
  for (const [n, connection] of connections.entries()) connection.send(rawRequestBytes(headgate.url, ask(`token-${n}`)));
  await headgate.eventually(async () => globus.requests.length === 20 && (await inFlight()) === 20);
  await Promise.all(connections.map((connection) => connection.destroy()));
  await headgate.eventually(async () => (await inFlight()) === 0);
  globus.delayMs = 0;
  const answer = await rawRequest(headgate.url, ask("token-0"));
  expect([answer.status, answer.headers["x-headgate-error-code"]]).toEqual([401, "invalid_key"]);
});

test("when the process ends they are told so at once", async () => {
  globus.delayMs = 10_000;
  const waiting = rawRequest(headgate.url, ask("token"));
  await headgate.eventually(async () => globus.requests.length === 1);
  const stopped = headgate.app.stop();
  const answer = await waiting;
  expect([answer.status, answer.headers["x-headgate-error-code"]]).toEqual([503, "draining"]);
  await stopped;
});
