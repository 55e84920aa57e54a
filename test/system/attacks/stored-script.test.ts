// Script in every name and description: whatever is stored, no answer is one that a browser would take for a page.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type Provider, startProvider } from "../../support/provider.ts";

const script = "<script>alert('stored')</script>";
const inAttribute = `"><img src=x onerror=alert(1)>`;
const model = `${script}${inAttribute}`;

let headgate: Headgate;
let provider: Provider;
/** Paths of what holds the script. */
const paths: string[] = [];
beforeAll(async () => {
  provider = await startProvider({ models: [model] });
  headgate = await startHeadgate();
  const make = async (path: string, body: object, status = 201): Promise<LooseJson> => {
    const answer = await headgate.admin("POST", path, body);
    expect([path, answer.status, answer.body?.error?.message]).toEqual([path, status, undefined]);
    return answer.body;
  };
  const endpoint = await make("/endpoints", {
    name: "one",
    description: script,
    url: `${provider.url}/v1`,
    headers: { "x-team": script },
    aliases: { [model]: `alias ${model}` },
  });
  const group = await make("/groups", { name: script, models: [`*${script}`] });
  const user = await make("/users", { name: script, email: `${script.replaceAll(/[\s@]/g, "")}@example.test`, role: "member" });
  const key = await make("/keys", { name: script, user_id: user.id, models: [model] });
  const virtual = await make("/models", { name: `virtual ${model}`, targets: [{ endpoint: "one", model }] });
  expect((await headgate.admin("PUT", `/groups/${group.id}/members/${user.id}`)).status).toBe(204);
  expect((await headgate.admin("PUT", `/groups/${group.id}/models/${encodeURIComponent(model)}`)).status).toBe(204);
  paths.push(
    `/endpoints/${endpoint.id}`,
    `/endpoints/${endpoint.id}/sync-runs`,
    `/groups/${group.id}`,
    `/groups/${group.id}/members`,
    `/users/${user.id}`,
    `/keys/${key.id}`,
    `/models/${virtual.id}`,
    "/audit/export?format=csv",
    "/audit/export?format=json",
  );
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

const authorized = () => ({ authorization: `Bearer ${headgate.adminToken}`, accept: "text/html,*/*;q=0.1" });

interface Read {
  status: number;
  headers: Headers;
  text: string;
}

async function read(url: string, init: RequestInit = {}): Promise<Read> {
  const answer = await fetch(url, { redirect: "manual", ...init, headers: { ...authorized(), ...(init.headers as object) } });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** JSON or a file to be kept, and nothing that the browser may guess otherwise. */
function expectNoPage(path: string, { headers }: Read): void {
  const type = headers.get("content-type") ?? "";
  const isFile = headers.get("content-disposition")?.startsWith("attachment;") === true;
  expect([path, /^application\/json(?:;|$)/.test(type) || (isFile && /^text\/csv;/.test(type))]).toEqual([path, true]);
  expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
}

describe("the admin API", () => {
  test("gives what is stored as it is, as JSON or a file, in every list and of everything in it", async () => {
    const base = `${headgate.url}/admin/api/v1`;
    const { paths: routes } = (await (await fetch(`${base}/openapi.json`)).json()) as LooseJson;
    const lists = Object.entries(routes as Record<string, object>)
      .filter(([path, operations]) => "get" in operations && !path.includes("{") && !/\/(?:events|sign-in|export)$/.test(path))
      .map(([path]) => path.replace("/admin/api/v1", ""));
    expect(lists.length).toBeGreaterThan(10);
    const holders: string[] = [];
    for (const path of [...lists, ...paths]) {
      const answer = await read(base + path);
      expectNoPage(path, answer);
      if (answer.text.includes("<script>")) holders.push(path);
    }
    // It was stored, and is given back unchanged: what makes it harmless is how it is shown.
    expect(holders).toEqual(
      expect.arrayContaining(["/endpoints", "/models", "/keys", "/users", "/groups", "/audit", ...paths.slice(4)]),
    );
  });

  test("quotes what was sent in errors as JSON alone", async () => {
    const base = `${headgate.url}/admin/api/v1`;
    const encoded = encodeURIComponent(model);
    const tries: [string, RequestInit?][] = [
      [`/${encoded}`],
      [`/models/none${encoded}`],
      [`/keys/${encoded}`],
      [`/usage?group_by=${encoded}`],
      [`/requests?cursor=${encoded}`],
      [`/%`],
      ["/keys", { method: "POST", body: JSON.stringify({ name: "x", [model]: 1 }) }],
      ["/keys", { method: "POST", body: model }],
      ["/endpoints", { method: "POST", body: JSON.stringify({ name: script, url: script }) }],
      ["/endpoints", { method: "POST", headers: { "content-type": "text/html" }, body: JSON.stringify({ name: script }) }],
      ["/models/x", { method: "REPORT" }],
    ];
    for (const [path, init] of tries) {
      const answer = await read(base + path, init);
      expect([path, answer.status >= 400 && answer.status < 500]).toEqual([path, true]);
      expectNoPage(path, answer);
    }
  });
});

describe("the API for models", () => {
  test("answers to its own lists and with its own errors in JSON", async () => {
    const key = await headgate.createKey();
    for (const [path, body] of [
      ["/v1/models"],
      [`/v1/models/${encodeURIComponent(`alias ${model}`)}`],
      [`/v1/${encodeURIComponent(script)}`],
      [`/v1/chat/completions?${encodeURIComponent(script)}`, { model: `none ${model}`, messages: [] }],
      [`/${encodeURIComponent(script)}`],
    ] as const) {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const answer = await read(headgate.url + path, { ...init, headers: { authorization: `Bearer ${key}` } });
      expect([path, answer.headers.get("content-type")]).toEqual([path, expect.stringMatching(/^application\/json(?:;|$)/)]);
    }
  });
});
