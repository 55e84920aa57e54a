// A response that a provider keeps belongs to who made it and stays where it was made: across calls, restarts and kill -9.
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../scripts/services/postgres.mjs";
import { eventually } from "../support/eventually.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { createHome, type HeadgateProcess, type Home, startHeadgateProcess } from "../support/headgate-process.ts";
import type { LooseJson } from "../support/loose-json.ts";
import { jsonAnswer } from "../support/provider/answer.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { type RawRequest, rawRequest } from "../support/raw-http.ts";

const endpointNames = ["a", "b"] as const;
type EndpointName = (typeof endpointNames)[number];

let providers: Record<EndpointName, Provider>;
let headgate: Headgate;
let key: string;
let otherKey: string;

beforeAll(async () => {
  providers = { a: await startProvider({ models: ["m"] }), b: await startProvider({ models: ["m"] }) };
  headgate = await startHeadgate();
  for (const name of endpointNames) await headgate.addEndpoint({ name, url: `${providers[name].url}/v1`, sync_interval: 0 });
  key = await headgate.createKey({ name: "maker" });
  otherKey = await headgate.createKey({ name: "other" });
});
afterAll(async () => {
  await headgate?.stop();
  for (const name of endpointNames) await providers?.[name].close();
});
beforeEach(() => {
  for (const name of endpointNames) providers[name].reset();
});

function ask(method: string, target: string, body?: object | string, token = key, url = headgate.url) {
  const request: RawRequest = { method, target, headers: { authorization: `Bearer ${token}` } };
  return rawRequest(url, body === undefined ? request : { ...request, body });
}

interface Made {
  id: string;
  endpoint: EndpointName;
  requestId: string;
}

/** Makes a response; streamed ones are read to their end. */
async function make(body: object = {}, token = key, url = headgate.url): Promise<Made> {
  const answer = await ask("POST", "/v1/responses", { model: "m", input: "hi", ...body }, token, url);
  expect([answer.status, answer.ended]).toEqual([200, "complete"]);
  const id = /"id":"(resp_\w+)"/.exec(answer.text)?.[1] as string;
  return {
    id,
    endpoint: answer.headers["x-headgate-endpoint"] as EndpointName,
    requestId: answer.headers["x-request-id"] as string,
  };
}

/** A response made at each of the endpoints, by the pool's own choice. */
async function makeAtEach(body: object = {}, token = key, url = headgate.url): Promise<Record<EndpointName, Made>> {
  const made: Partial<Record<EndpointName, Made>> = {};
  for (let tries = 0; tries < 200 && Object.keys(made).length < 2; tries++) {
    const one = await make(body, token, url);
    made[one.endpoint] ??= one;
  }
  expect(Object.keys(made).sort()).toEqual([...endpointNames]);
  return made as Record<EndpointName, Made>;
}

const callsSeen = () => endpointNames.map((name) => providers[name].calls.length);

/** The same for an id that nobody has and one that somebody else has; `param` as OpenAI's SDKs read it. */
function expectNotFound(answer: Awaited<ReturnType<typeof ask>>, param: string | null = null): void {
  expect(answer.status).toBe(404);
  expect(answer.json).toEqual({
    error: {
      message: "There is no response with this id that this key has made.",
      type: "invalid_request_error",
      param,
      code: "response_not_found",
    },
  });
  expect(answer.headers).toMatchObject({ "x-headgate-error-source": "gateway", "x-headgate-error-code": "response_not_found" });
}

/** What may be done with a kept response. */
const uses: [what: string, method: string, pathOf: (id: string) => string][] = [
  ["read", "GET", (id) => `/v1/responses/${id}`],
  ["read the stream of", "GET", (id) => `/v1/responses/${id}?stream=true&starting_after=3`],
  ["list the input of", "GET", (id) => `/v1/responses/${id}/input_items?limit=2`],
  ["cancel", "POST", (id) => `/v1/responses/${id}/cancel`],
  ["delete", "DELETE", (id) => `/v1/responses/${id}`],
];

describe("whoever made a response", () => {
  test.each([false, true])("goes on from it where it was made: 20 of 20 times, streamed: %s", async (stream) => {
    const made = await makeAtEach({ stream });
    for (const name of endpointNames) {
      const before = callsSeen();
      let id = made[name].id;
      for (let count = 0; count < 20; count++) {
        const next = await make({ stream, previous_response_id: id });
        expect(next.endpoint).toBe(name);
        expect(providers[name].calls.at(-1)?.json.previous_response_id).toBe(id);
        // Half of them as a chain, half as branches.
        if (count % 2 === 0) id = next.id;
      }
      const added = callsSeen().map((count, index) => count - (before[index] as number));
      expect(added).toEqual(name === "a" ? [20, 0] : [0, 20]);
    }
  });

  test.each(uses)("may %s it, where it was made, with a key for inference alone", async (_what, method, pathOf) => {
    const made = await makeAtEach();
    for (const name of endpointNames) {
      const before = callsSeen();
      const answer = await ask(method, pathOf(made[name].id));
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ "x-headgate-endpoint": name, "x-headgate-attempts": "1" });
      const sent = providers[name].calls.at(-1);
      expect([sent?.method, sent?.url]).toEqual([method, pathOf(made[name].id)]);
      expect(callsSeen()).toEqual(before.map((count, index) => count + (endpointNames[index] === name ? 1 : 0)));
    }
  });

  test("may use it before the stream that makes it has ended", async () => {
    for (const name of endpointNames)
      providers[name].next({ kind: "stall", afterChunks: 2 }, { times: 1, match: "/v1/responses" });
    const leaving = new AbortController();
    const streamed = await fetch(`${headgate.url}/v1/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "m", input: "hi", stream: true }),
      signal: leaving.signal,
    });
    const reader = streamed.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    let text = "";
    while (!/"id":"resp_\w+"/.test(text)) text += Buffer.from((await reader.read()).value as Uint8Array).toString();
    const id = /"id":"(resp_\w+)"/.exec(text)?.[1] as string;
    const cancelled = await ask("POST", `/v1/responses/${id}/cancel`);
    expect([cancelled.status, cancelled.headers["x-headgate-endpoint"]]).toEqual([
      200,
      streamed.headers.get("x-headgate-endpoint"),
    ]);
    leaving.abort();
    // Who leaves a stream can come back for the response.
    const requestId = streamed.headers.get("x-request-id") as string;
    await settled(requestId);
    expect((await ask("GET", `/v1/responses/${id}`)).status).toBe(200);
  });

  test("finds it again with OpenAI's own client", async () => {
    const client = new OpenAI({ baseURL: `${headgate.url}/v1`, apiKey: key, maxRetries: 0 });
    const { id } = await client.responses.create({ model: "m", input: "hi" });
    expect((await client.responses.create({ model: "m", input: "more", previous_response_id: id })).status).toBe("completed");
    expect((await client.responses.retrieve(id)).id).toBe(id);
    expect((await client.responses.inputItems.list(id)).data).toHaveLength(1);
    expect((await client.responses.cancel(id)).status).toBe("cancelled");
    await client.responses.delete(id);
    const strange = new OpenAI({ baseURL: `${headgate.url}/v1`, apiKey: otherKey, maxRetries: 0 });
    await expect(strange.responses.retrieve(id)).rejects.toMatchObject({ status: 404, code: "response_not_found" });
  });

  test("gets the endpoint's own error, and no other endpoint is asked", async () => {
    const { a } = await makeAtEach();
    providers.a.next(
      { kind: "answer", status: 500, body: { error: { message: "broken" } } },
      { times: Number.POSITIVE_INFINITY },
    );
    const before = providers.b.calls.length;
    const answer = await ask("POST", "/v1/responses", { model: "m", input: "hi", previous_response_id: a.id });
    expect([answer.status, answer.json.error.message]).toEqual([500, "broken"]);
    expect(answer.headers["x-headgate-error-source"]).toBe("upstream");
    expect(providers.b.calls).toHaveLength(before);
  });

  test("no longer has it once it is deleted", async () => {
    const made = await make();
    // Then it is in the table, too.
    await settled(made.requestId);
    expect((await ask("DELETE", `/v1/responses/${made.id}`)).json).toMatchObject({ deleted: true });
    await eventually(async () => (await ask("GET", `/v1/responses/${made.id}`)).status === 404);
    expectNotFound(await ask("GET", `/v1/responses/${made.id}`));
  });

  test("who asked the provider not to keep it has nothing to find", async () => {
    const { id } = await make({ store: false });
    const before = callsSeen();
    expectNotFound(await ask("GET", `/v1/responses/${id}`));
    expect(callsSeen()).toEqual(before);
  });
});

describe("anybody else", () => {
  test.each(uses)(
    "can't %s it, and is told what is said of ids that nobody has; no endpoint hears of it",
    async (_what, method, pathOf) => {
      const { id } = await make();
      const before = callsSeen();
      const answers = [await ask(method, pathOf(id), undefined, otherKey), await ask(method, pathOf("resp_unheard_of"))];
      for (const answer of answers) expectNotFound(answer);
      expect(callsSeen()).toEqual(before);
    },
  );

  test("can't go on from it", async () => {
    const { id } = await make();
    const before = callsSeen();
    for (const stream of [false, true]) {
      const body = { model: "m", input: "hi", stream, previous_response_id: id };
      expectNotFound(await ask("POST", "/v1/responses", body, otherKey), "previous_response_id");
      expectNotFound(await ask("POST", "/v1/responses/compact", body, otherKey), "previous_response_id");
      expectNotFound(await ask("POST", "/v1/responses/input_tokens", body, otherKey), "previous_response_id");
    }
    const unheardOf = { model: "m", input: "hi", previous_response_id: "resp_unheard_of" };
    expectNotFound(await ask("POST", "/v1/responses", unheardOf), "previous_response_id");
    expect(callsSeen()).toEqual(before);
  });

  test("gets nowhere with other spellings", async () => {
    const mine = await make({}, otherKey);
    const { id } = await make();
    const before = callsSeen();
    const ids = [`%${id.charCodeAt(0).toString(16)}${id.slice(1)}`, id];
    for (const spelled of ids) {
      for (const path of [
        "/v1/Responses/",
        "/v1/%72esponses/",
        "/v1/responses%2F",
        "/ai/v1/responses/",
        "/v1/openai/responses/",
      ]) {
        for (const [method, action] of [
          ["GET", ""],
          ["DELETE", "/"],
          ["POST", "/cancel"],
        ] as const) {
          const answer = await ask(method, `${path}${spelled}${action}`, { model: "m" }, otherKey);
          expect([`${method} ${path}${spelled}${action}`, answer.status]).toEqual([`${method} ${path}${spelled}${action}`, 404]);
        }
      }
    }
    const [mineText, otherText] = [JSON.stringify(mine.id), JSON.stringify(id)];
    for (const members of [
      `"previous_response_id":${otherText},"previous_response_id":${mineText}`,
      `"previous_response_id":${mineText},"previous_response_id":${otherText}`,
      `"previous_response_\\u0069d":${otherText}`,
      `"previous_response_id":"\\u0072${id.slice(1)}"`,
    ]) {
      const answer = await ask("POST", "/v1/responses", `{"model":"m","input":"hi",${members}}`, otherKey);
      expectNotFound(answer, "previous_response_id");
    }
    expect(callsSeen()).toEqual(before);
  });

  test("does not get it by choosing its id", async () => {
    const { id } = await make();
    chosenIds();
    expect((await make({ request_id: id }, otherKey)).id).toBe(id);
    expectNotFound(await ask("GET", `/v1/responses/${id}`, undefined, otherKey));
    expect((await ask("GET", `/v1/responses/${id}`)).status).toBe(200);
  });
});

/** Has both providers name a response as its caller says, as vLLM does. */
function chosenIds(): void {
  for (const name of endpointNames) {
    providers[name].on("/v1/responses", ({ json }) => jsonAnswer(200, { id: json.request_id, object: "response", output: [] }));
  }
}

/** Resolves when the database has the attempts of a request, and with them what they made. */
async function settled(requestId: string): Promise<LooseJson> {
  return eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${requestId}`);
    const isOver = body?.attempts?.length > 0 && body.attempts.every((attempt: LooseJson) => attempt.status !== null);
    return status === 200 && isOver && body;
  });
}

describe("in the ledger", () => {
  test("a call that names a response is one like any other, and says why it went where it went", async () => {
    const { b } = await makeAtEach();
    const calls = [
      await ask("POST", "/v1/responses", { model: "m", input: "hi", previous_response_id: b.id }),
      await ask("GET", `/v1/responses/${b.id}`),
    ];
    for (const answer of calls) {
      const row = await settled(answer.headers["x-request-id"] as string);
      expect(row).toMatchObject({ model: "m", status: 200 });
      expect(row.attempts).toMatchObject([{ endpoint: "b", why: expect.stringMatching(/response/) }]);
    }
    // What was paid for when it was made is not counted again.
    const read = await settled(calls[1]?.headers["x-request-id"] as string);
    expect(read.tokens).toMatchObject({ input_tokens: 0, output_tokens: 0 });
  });
});

test("while its deployment is offline, 503 says so, whatever else the pool has", async () => {
  const lone = await startHeadgate();
  onTestFinished(() => lone.stop());
  const ids: Partial<Record<EndpointName, string>> = {};
  for (const name of endpointNames) {
    const endpoint = await lone.addEndpoint({ name, url: `${providers[name].url}/v1`, sync_interval: 0 });
    ids[name] = endpoint.id;
  }
  const token = await lone.createKey();
  const { a } = await makeAtEach({}, token, lone.url);
  providers.a.models = ["another"];
  await lone.admin("POST", `/endpoints/${ids.a}/synchronize`);
  const before = callsSeen();
  const answers = [
    await ask("POST", "/v1/responses", { model: "m", input: "hi", previous_response_id: a.id }, token, lone.url),
    await ask("GET", `/v1/responses/${a.id}`, undefined, token, lone.url),
    await ask("DELETE", `/v1/responses/${a.id}`, undefined, token, lone.url),
  ];
  for (const answer of answers) {
    expect([answer.status, answer.json.error.code]).toEqual([503, "model_offline"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  }
  expect(callsSeen()).toEqual(before);
  expect((await make({}, token, lone.url)).endpoint).toBe("b");
});

describe("across processes", () => {
  const keys = { maker: "key-of-the-maker-0123456789", other: "key-of-another-0123456789" };

  async function start(home: Home, env: Record<string, string> = {}): Promise<HeadgateProcess> {
    const config = {
      endpoints: endpointNames.map((name) => ({ name, url: `${providers[name].url}/v1`, sync_interval: 0 })),
      keys: Object.entries(keys).map(([name, secret]) => ({ name, key: secret })),
    };
    const started = await startHeadgateProcess({ home, config, env });
    onTestFinished(async () => void (await started.kill()));
    return started;
  }

  /** The first answer that is not "ask again later"; an id of an earlier process is never called unknown to its maker. */
  function once(method: string, target: string, url: string, token: string, body?: object) {
    return eventually(async () => {
      const answer = await ask(method, target, body, token, url);
      if (answer.status !== 503) return answer;
      expect(answer.json.error.code).toBe("state_unavailable");
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      return null;
    });
  }

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s and a new start it is all as before",
    { timeout: 60_000 },
    async (signal) => {
      const home = await createHome();
      onTestFinished(() => home.remove());
      const first = await start(home);
      const plain = await makeAtEach({}, keys.maker, first.url);
      const streamed = await makeAtEach({ stream: true }, keys.maker, first.url);
      // At once: what the caller has seen is in the spool, if nowhere else.
      await first.kill(signal);

      const second = await start(home);
      for (const made of [plain.a, streamed.a, plain.b, streamed.b]) {
        const read = await once("GET", `/v1/responses/${made.id}`, second.url, keys.maker);
        expect([read.status, read.headers["x-headgate-endpoint"]]).toEqual([200, made.endpoint]);
        expectNotFound(await once("GET", `/v1/responses/${made.id}`, second.url, keys.other));
        const next = await make({ previous_response_id: made.id }, keys.maker, second.url);
        expect(next.endpoint).toBe(made.endpoint);
      }
      expectNotFound(await once("GET", "/v1/responses/resp_unheard_of", second.url, keys.maker));
      await second.kill(signal);

      // A process that has not heard of it yet is told by another caller that it is theirs.
      const third = await start(home);
      chosenIds();
      const claim = { model: "m", input: "hi", request_id: plain.a.id };
      expect((await ask("POST", "/v1/responses", claim, keys.other, third.url)).json.id).toBe(plain.a.id);
      expectNotFound(await once("GET", `/v1/responses/${plain.a.id}`, third.url, keys.other));
      expect((await once("GET", `/v1/responses/${plain.a.id}`, third.url, keys.maker)).status).toBe(200);
    },
  );

  test("without its database, a process goes on with what it made, and does not call the rest unknown", {
    timeout: 60_000,
  }, async () => {
    const server = await startPostgres();
    onTestFinished(() => server.destroy());
    const home = await createHome();
    onTestFinished(() => home.remove());
    const env = { HEADGATE_DATABASE_URL: server.url };
    const first = await start(home, env);
    const earlier = await make({}, keys.maker, first.url);
    await first.kill("SIGTERM");
    const second = await start(home, env);
    await server.stop("immediate");
    const made = await make({}, keys.maker, second.url);
    expect((await make({ previous_response_id: made.id }, keys.maker, second.url)).endpoint).toBe(made.endpoint);
    expectNotFound(await ask("GET", `/v1/responses/${made.id}`, undefined, keys.other, second.url));

    const refused = await ask("GET", `/v1/responses/${earlier.id}`, undefined, keys.maker, second.url);
    expect([refused.status, refused.json.error]).toEqual([
      503,
      {
        message: "Who made this response can't be looked up at the moment. Retry shortly.",
        type: "api_error",
        param: null,
        code: "state_unavailable",
      },
    ]);
    expect(refused.headers["retry-after"]).toBe("2");
    await server.start();
    const found = await once("GET", `/v1/responses/${earlier.id}`, second.url, keys.maker);
    expect([found.status, found.headers["x-headgate-endpoint"]]).toEqual([200, earlier.endpoint]);
  });
});
