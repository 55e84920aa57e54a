// Getting a manifest from a server or a file: only when it has changed, and with a name for everything that goes wrong.
import { mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../../../test/support/database.ts";
import { type ManifestServer, startManifestServer } from "../../../test/support/manifest-server.ts";
import { Secret } from "../../core/secret.ts";
import { HttpClient } from "../../egress/http-client.ts";
import { fetchManifest, type ManifestSource } from "./fetch-manifest.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { manifestBytesMax } from "./parse-manifest.ts";

const client = new HttpClient({ allowPrivate: true });
afterAll(() => client.close());

const fetch = (source: Partial<ManifestSource> & { url: string }, signal?: AbortSignal) =>
  fetchManifest(
    { headers: {}, etag: null, lastModified: null, ...source },
    signal === undefined ? { client } : { client, signal },
  );

async function failureOf(fetched: Promise<unknown>) {
  const error: unknown = await fetched.then(
    () => {
      throw new Error("it was had");
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ManifestFailure);
  const { stage, detail } = error as ManifestFailure;
  expect(detail).not.toMatch(/127\.0\.0\.1|s3cret|\/tmp|localhost/);
  return { stage, detail };
}

describe("from a server", () => {
  let server: ManifestServer;
  beforeEach(async () => {
    server = await startManifestServer();
  });
  afterEach(() => server.close());

  it("it comes with what makes the next question conditional, and not again until it changes", async () => {
    server.serve({ a: 1 });
    const first = await fetch({ url: server.url });
    expect(first).toEqual({ text: '{"a":1}', etag: '"version-2"', lastModified: null });
    expect(await fetch({ url: server.url, etag: first?.etag ?? null })).toBeNull();
    server.serve({ a: 2 });
    expect(await fetch({ url: server.url, etag: first?.etag ?? null })).toMatchObject({ text: '{"a":2}' });
  });

  it("a date of change will do in place of an ETag", async () => {
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    server.answer((request, response) => {
      if (request.headers["if-modified-since"] === date) response.writeHead(304).end();
      else response.writeHead(200, { "last-modified": date }).end("{}");
    });
    expect(await fetch({ url: server.url })).toEqual({ text: "{}", etag: null, lastModified: date });
    expect(await fetch({ url: server.url, lastModified: date })).toBeNull();
  });

  it("gets the headers it is to be asked with", async () => {
    await fetch({ url: server.url, headers: { authorization: new Secret("Basic s3cret"), "x-team": new Secret("a") } });
    expect(server.requests[0]).toMatchObject({ authorization: "Basic s3cret", "x-team": "a", accept: "application/json" });
    expect(server.requests[0]).not.toHaveProperty("if-none-match");
  });

  it.each([
    [500, {}, "The server answered 500."],
    [204, {}, "The server answered 204."],
    [304, {}, "The server answered 304"],
    [302, { location: "http://127.0.0.1/elsewhere" }, "The server redirects (302); Headgate follows no redirects."],
    [401, {}, "The server refuses the request (401)"],
  ])("an answer %i is a failure", async (status, headers, detail) => {
    server.answer((_request, response) => response.writeHead(status, headers).end());
    const failure = await failureOf(fetch({ url: server.url }));
    expect(failure.stage).toBe("http");
    expect(failure.detail).toContain(detail);
    expect(server.requests).toHaveLength(1);
  });

  it("one that is too large is a failure", async () => {
    server.serve("x".repeat(manifestBytesMax + 1));
    expect(await failureOf(fetch({ url: server.url }))).toEqual({
      stage: "http",
      detail: "The answer is larger than Headgate accepts.",
    });
  });

  it("nobody there, an unknown name, TLS where there is none and a forbidden address are told apart", async () => {
    const https = server.url.replace("http:", "https:");
    expect((await failureOf(fetch({ url: https }))).stage).toBe("tls");
    await server.setUp(false);
    expect((await failureOf(fetch({ url: server.url }))).stage).toBe("connect");
    const nowhere = new HttpClient({ allowPrivate: true, resolve: async () => [] });
    const unknown = { url: "http://status.example/", headers: {}, etag: null, lastModified: null };
    expect((await failureOf(fetchManifest(unknown, { client: nowhere }))).stage).toBe("dns");
    await nowhere.close();
    const metadata = await failureOf(fetch({ url: "http://169.254.169.254/status.json" }));
    expect(metadata).toEqual({ stage: "connect", detail: "Headgate does not connect to that address." });
  });

  it("a fetch can be given up", async () => {
    server.answer(() => {});
    const controller = new AbortController();
    const fetched = fetch({ url: server.url }, controller.signal);
    controller.abort();
    expect((await failureOf(fetched)).stage).toBe("http");
  });
});

describe("from a file", () => {
  let directory: { path: string; remove(): Promise<void> };
  let path: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, "status.json");
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  afterAll(() => directory.remove());

  it("it is read again when its time or size changes, and only then", async () => {
    await writeFile(path, "\ufeff{}");
    const first = await fetch({ url: path });
    expect(first?.text).toBe("{}");
    const etag = first?.etag ?? null;
    expect(await fetch({ url: path, etag })).toBeNull();
    await writeFile(path, '{"a":1}');
    const second = await fetch({ url: path, etag });
    expect(second?.text).toBe('{"a":1}');
    await utimes(path, 1_700_000_000, 1_700_000_000);
    expect((await fetch({ url: path, etag: second?.etag ?? null }))?.text).toBe('{"a":1}');
  });

  it("a link is followed, as a mounted ConfigMap needs it", async () => {
    const target = join(directory.path, "target.json");
    await writeFile(target, "{}");
    await symlink(target, path);
    expect((await fetch({ url: path }))?.text).toBe("{}");
  });

  it("what can't be read says why, without the path", async () => {
    expect(await failureOf(fetch({ url: path }))).toEqual({ stage: "file", detail: "There is no such file." });
    await mkdir(path);
    expect((await failureOf(fetch({ url: path }))).detail).toMatch(/It is (a directory|not a regular file)\./);
    await rm(path, { recursive: true });
    await writeFile(path, "x".repeat(manifestBytesMax + 1));
    expect((await failureOf(fetch({ url: path }))).detail).toBe("The file is larger than 4 MB.");
  });
});
