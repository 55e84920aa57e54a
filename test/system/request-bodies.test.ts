// Bodies are kept for those who have switched them on, for as long and with as much in them as was said; of all others nothing is.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { capturedBytesMax } from "../../src/domain/captured-bodies.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { createHome, startHeadgateProcess } from "../support/headgate-process.ts";
import { type Provider, startProvider } from "../support/provider.ts";

const providerKey = "the-endpoint-s-own-key-of-no-known-shape";

let provider: Provider;
let headgate: Headgate;
beforeAll(async () => {
  provider = await startProvider({ models: ["m", "m-2"] });
  headgate = await startHeadgate();
  await headgate.addEndpoint({ name: "prod", url: `${provider.url}/v1`, api_key: providerKey });
});
afterAll(async () => {
  await headgate.stop();
  await provider.close();
});

interface Called {
  id: string;
  status: number;
  kept: string | null;
  text: string;
  sent: string;
}

async function call(
  key: string,
  body: object | string = {},
  init: { path?: string; headers?: object; of?: Headgate } = {},
): Promise<Called> {
  const sent =
    typeof body === "string" ? body : JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }], ...body });
  const response = await fetch((init.of ?? headgate).url + (init.path ?? "/v1/chat/completions"), {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...init.headers },
    body: sent,
  });
  const text = await textUntilItEnds(response);
  const { headers, status } = response;
  return { id: headers.get("x-request-id") as string, status, kept: headers.get("x-headgate-bodies"), text, sent };
}

/** What came of it, when it breaks. */
async function textUntilItEnds({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body ?? []) chunks.push(chunk);
  } catch {
    // Broken off.
  }
  return Buffer.concat(chunks).toString();
}

const keeping = (bodies: object | null = {}, rest: object = {}) => headgate.createKey({ bodies, ...rest });
const bodiesOf = (id: string, of = headgate) =>
  of.eventually(async () => {
    const answer = await of.admin("GET", `/requests/${id}/bodies`);
    return answer.status === 200 && answer.body;
  });

describe("what is kept", () => {
  test("a plain call: what was sent and answered, byte for byte, and its caller is told", async () => {
    const made = await call(await keeping({ retention: "2h" }), { user: "somebody" });
    expect([made.status, made.kept]).toEqual([200, "kept"]);
    const bodies = await bodiesOf(made.id);
    expect(bodies).toEqual({
      request: { content_type: "application/json", text: made.sent, bytes: made.sent.length, truncated: false },
      response: { content_type: "application/json", text: made.text, bytes: made.text.length, truncated: false },
      redacted: [],
      expires_at: expect.any(String),
    });
    const inMs = Date.parse(bodies.expires_at) - Date.now();
    expect([inMs > 7_100_000, inMs <= 7_200_000]).toEqual([true, true]);
    const request = await headgate.eventually(async () => {
      const answer = await headgate.admin("GET", `/requests/${made.id}`);
      return answer.status === 200 && answer.body;
    });
    expect(request.bodies_kept).toBe(true);
    const { body: list } = await headgate.admin("GET", "/requests");
    expect(list.data.find(({ id }: { id: string }) => id === made.id).bodies_kept).toBe(true);
  });

  test("a stream, as its caller got it", async () => {
    const made = await call(await keeping(), { stream: true });
    expect(made.text).toContain("[DONE]");
    const { response } = await bodiesOf(made.id);
    expect(response).toEqual({
      content_type: "text/event-stream",
      text: made.text,
      bytes: Buffer.byteLength(made.text),
      truncated: false,
    });
  });

  test.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ])("a compressed answer (%s), readable", async (encoding, compress) => {
    const text = JSON.stringify({ choices: [{ message: { role: "assistant", content: "pressed ".repeat(50) } }] });
    const body = compress(Buffer.from(text));
    provider.next({ kind: "answer", headers: { "content-type": "application/json", "content-encoding": encoding }, body });
    const made = await call(await keeping());
    expect(made.text).toBe(text);
    const { response } = await bodiesOf(made.id);
    expect(response).toEqual({ content_type: "application/json", text, bytes: body.length, truncated: false });
  });

  test("a bomb of a compressed answer, to its bound", async () => {
    const body = gzipSync(Buffer.from(`{"a":"${"word ".repeat(4_000_000)}"}`));
    provider.next({ kind: "answer", headers: { "content-type": "application/json", "content-encoding": "gzip" }, body });
    const { response } = await bodiesOf((await call(await keeping())).id);
    expect(response.truncated).toBe(true);
    expect(response.text.length).toBeLessThanOrEqual(capturedBytesMax);
  });

  test("bytes that are no text, as their number", async () => {
    const body = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x01]);
    provider.next({ kind: "answer", headers: { "content-type": "audio/mpeg" }, body });
    const { response } = await bodiesOf((await call(await keeping())).id);
    expect(response).toEqual({ content_type: "audio/mpeg", text: null, bytes: 5, truncated: false });
  });

  test("a large body, its beginning and its size", async () => {
    const content = "long words ".repeat(100_000);
    const made = await call(await keeping(), { messages: [{ role: "user", content }] });
    const { request } = await bodiesOf(made.id);
    expect([request.bytes, request.truncated]).toEqual([made.sent.length, true]);
    expect(made.sent.startsWith(request.text)).toBe(true);
    expect(request.text.length).toBeGreaterThan(capturedBytesMax - 5000);
    expect(request.text.length).toBeLessThanOrEqual(capturedBytesMax);
  });

  test("a body that streams through without being held", async () => {
    const key = await keeping({}, { scopes: ["inference", "passthrough"] });
    const sent = "a line of a file\n".repeat(30_000);
    const made = await call(key, sent, { path: "/endpoints/prod/v1/files", headers: { "content-type": "text/plain" } });
    expect(provider.requests.at(-1)?.body.toString()).toBe(sent);
    const { request } = await bodiesOf(made.id);
    expect([request.bytes, request.truncated, sent.startsWith(request.text)]).toEqual([sent.length, true, true]);
  });

  test("calls that fail: an endpoint's refusal, an endpoint that is away, a stream that breaks", async () => {
    const key = await keeping();
    provider.next({
      kind: "answer",
      status: 400,
      headers: { "content-type": "application/json" },
      body: '{"error":"no such thing"}',
    });
    const refused = await call(key);
    expect([refused.status, refused.kept]).toEqual([400, "kept"]);
    expect((await bodiesOf(refused.id)).response.text).toBe('{"error":"no such thing"}');
    provider.next({ kind: "reset", at: "before_headers" }, { times: 4 });
    const away = await call(key);
    expect([away.status, away.kept]).toEqual([502, "kept"]);
    const bodies = await bodiesOf(away.id);
    expect([bodies.request.text, bodies.response.text]).toEqual([away.sent, away.text]);
    provider.reset();
    provider.next({ kind: "reset", at: 2 });
    const broken = await call(key, { stream: true });
    expect(broken.text).toContain("upstream_interrupted");
    expect((await bodiesOf(broken.id)).response.text).toBe(broken.text);
    provider.reset();
  });

  test("nothing of a call that never came to an attempt", async () => {
    const made = await call(await keeping(), { model: "unknown" });
    expect([made.status, made.kept]).toEqual([404, null]);
    expect((await headgate.admin("GET", `/requests/${made.id}/bodies`)).status).toBe(404);
  });
});

describe("whose are kept", () => {
  test("the key's own setting goes before its group's; a key without one follows the group", async () => {
    const { body: group } = await headgate.admin("POST", "/groups", {
      name: "kept",
      models: ["*"],
      bodies: { retention: "90d", redact: ["content"] },
    });
    const follows = await call(await keeping(null, { group_id: group.id }));
    expect(follows.kept).toBe("kept");
    const ofGroup = await bodiesOf(follows.id);
    expect(ofGroup.redacted).toEqual(["content"]);
    expect(Date.parse(ofGroup.expires_at) - Date.now()).toBeGreaterThan(89 * 86_400_000);
    const own = await call(await keeping({ retention: "1h" }, { group_id: group.id }));
    const ofKey = await bodiesOf(own.id);
    expect([ofKey.redacted, ofKey.request.text]).toEqual([[], own.sent]);
    expect(Date.parse(ofKey.expires_at) - Date.now()).toBeLessThanOrEqual(3_600_000);
    await headgate.admin("PATCH", `/groups/${group.id}`, { bodies: null });
    expect((await call(await keeping(null, { group_id: group.id }))).kept).toBeNull();
  });

  test("switching on and off holds from the next call on, and is in the log of changes", async () => {
    const { body: made } = await headgate.admin("POST", "/keys", { name: "switched" });
    expect(made.bodies).toBeNull();
    expect((await call(made.key)).kept).toBeNull();
    const on = await headgate.admin("PATCH", `/keys/${made.id}`, { bodies: { redact: ["emails", "emails"] } });
    expect(on.body.bodies).toEqual({ retention: "7d", redact: ["emails"] });
    expect((await call(made.key)).kept).toBe("kept");
    const longer = await headgate.admin("PATCH", `/keys/${made.id}`, { bodies: { retention: "90d" } });
    expect(longer.body.bodies).toEqual({ retention: "90d", redact: ["emails"] });
    expect((await headgate.admin("PATCH", `/keys/${made.id}`, { bodies: null })).body.bodies).toBeNull();
    expect((await call(made.key)).kept).toBeNull();
    const { body: log } = await headgate.admin("GET", "/audit?limit=50");
    const changes = log.data.filter(({ resource }: { resource: { id: string } }) => resource.id === made.id);
    expect(changes.map(({ after }: { after: object }) => after).slice(0, 3)).toEqual([
      { bodies: null },
      { bodies: { retention: "90d", redact: ["emails"] } },
      { bodies: { retention: "7d", redact: ["emails"] } },
    ]);
  });

  test("settings out of bounds are named", async () => {
    for (const [bodies, field] of [
      [{ retention: "59m" }, "bodies.retention"],
      [{ retention: "91d" }, "bodies.retention"],
      [{ retention: "soon" }, "bodies.retention"],
      [{ redact: ["(a+)+$"] }, "bodies.redact.0"],
      [{ redact: Array.from({ length: 21 }, () => "emails") }, "bodies.redact"],
      [{ redaction: [] }, "bodies.redaction"],
      [true, "bodies"],
    ] as const) {
      for (const path of ["/keys", "/groups"]) {
        const answer = await headgate.admin("POST", path, { name: "bad", bodies });
        expect([path, bodies, answer.status, answer.body.error.field]).toEqual([path, bodies, 422, field]);
      }
    }
  });
});

describe("what is taken out", () => {
  test("credentials, always: the caller's, the endpoint's, and whatever looks like one, however a stream cuts it", async () => {
    const key = await keeping();
    const secret = "sk-proj-0123456789abcdefghij";
    const events = [
      "your key is sk-pr",
      "oj-01234567",
      "89abcdefgh",
      `ij and ${providerKey.slice(0, 9)}`,
      `${providerKey.slice(9)}.`,
    ];
    const chunks = events.map((content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
    provider.next({ kind: "answer", headers: { "content-type": "text/event-stream" }, chunks: [...chunks, "data: [DONE]\n\n"] });
    const made = await call(key, { stream: true, messages: [{ role: "user", content: `${secret} and ${key}\n${providerKey}` }] });
    const bodies = await bodiesOf(made.id);
    expect(bodies.redacted).toEqual(["credentials"]);
    expect(JSON.parse(bodies.request.text).messages[0].content).toBe("[credential] and [credential]\n[credential]");
    const said = [...bodies.response.text.matchAll(/^data: (\{.*)$/gm)].map(
      ([, json]) => JSON.parse(json).choices[0].delta.content,
    );
    expect(said.join("")).toBe("your key is [credential] and [credential].");
  });

  test("contents, where the switch says so", async () => {
    const made = await call(await keeping({ redact: ["content"] }));
    const { request, response, redacted } = await bodiesOf(made.id);
    expect(JSON.parse(request.text)).toEqual({ model: "m", messages: [{ role: "user", content: "[2 characters]" }] });
    const { choices } = JSON.parse(made.text);
    expect(JSON.parse(response.text).choices[0].message).toMatchObject({ role: "assistant" });
    expect(response.text).not.toContain(choices[0].message.content);
    expect(redacted).toEqual(["content"]);
  });
});

test("who removes them has removed them; reading and removing what is somebody else's is in the log", async () => {
  const made = await call(await keeping());
  await bodiesOf(made.id);
  expect((await headgate.admin("DELETE", `/requests/${made.id}/bodies`)).status).toBe(204);
  expect((await headgate.admin("GET", `/requests/${made.id}/bodies`)).body.error.code).toBe("not_found");
  expect((await headgate.admin("DELETE", `/requests/${made.id}/bodies`)).status).toBe(404);
  const request = await headgate.eventually(async () => {
    const answer = await headgate.admin("GET", `/requests/${made.id}`);
    return answer.status === 200 && answer.body;
  });
  expect(request.bodies_kept).toBe(false);
  const { body: log } = await headgate.admin("GET", "/audit?limit=20");
  const actions = log.data.filter(({ resource }: { resource: { id: string } }) => resource.id === made.id);
  expect(actions.map(({ action }: { action: string }) => action)).toEqual(["request.delete_bodies", "request.read_bodies"]);
});

/** All that is on disk, as text. */
async function everyFile(dataDir: string): Promise<string> {
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const texts = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}

test("off: nothing is stored; on: nothing that could be read; and the end of the process loses nothing", async () => {
  const own = await startHeadgate();
  const { dataDir } = own;
  try {
    await own.addEndpoint({ name: "prod", url: `${provider.url}/v1` });
    const canary = (name: string) => `canary ${name} of what was said`;
    const say = (name: string) => ({ messages: [{ role: "user", content: canary(name) }] });
    const off = await call(await own.createKey(), say("off"), { of: own });
    expect([off.status, off.kept]).toEqual([200, null]);
    const key = await own.createKey({ bodies: {} });
    const on = await Promise.all(Array.from({ length: 20 }, (_, index) => call(key, say(`on ${index}`), { of: own })));
    // At once, while all of it waits.
    await own.app.stop();
    const files = await everyFile(dataDir);
    expect(files).toContain("request_bodies");
    for (const name of ["off", "on 0", "on 19"]) expect(files.includes(canary(name))).toBe(false);
    const again = await startHeadgate({ dataDir });
    try {
      for (const [index, { id }] of on.entries()) {
        const { body } = await again.admin("GET", `/requests/${id}/bodies`);
        expect(JSON.parse(body.request.text).messages[0].content).toBe(canary(`on ${index}`));
      }
      expect((await again.admin("GET", `/requests/${off.id}/bodies`)).status).toBe(404);
    } finally {
      await again.stop();
    }
  } finally {
    await own.stop();
  }
});

test("the program as it is shipped cleans bodies on a thread of its own, and ends with all of them stored", async () => {
  const home = await createHome();
  const start = () => startHeadgateProcess({ home, config: { endpoints: [{ name: "prod", url: `${provider.url}/v1` }] } });
  try {
    const running = await start();
    const { body: made } = await running.admin("POST", "/keys", { name: "kept", bodies: {} });
    const content = "Bearer of sk-0123456789abcdef";
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${made.key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content }] }),
    });
    expect([response.status, response.headers.get("x-headgate-bodies")]).toEqual([200, "kept"]);
    await response.text();
    expect(await running.kill("SIGTERM")).toMatchObject({ code: 0 });
    const again = await start();
    const path = `/requests/${response.headers.get("x-request-id")}/bodies`;
    const { body } = await again.admin("GET", path);
    expect(JSON.parse(body.request.text).messages[0].content).toBe("Bearer of [credential]");
    expect(body.redacted).toEqual(["credentials"]);
    await again.kill();
  } finally {
    await home.remove();
  }
});
