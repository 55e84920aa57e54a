// What a manifest may say: the guide's samples, Headgate's own fields, and everything that people and programs get wrong.
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { manifestEntry } from "../../../test/support/manifest-server.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { manifestBytesMax, parseManifest } from "./parse-manifest.ts";

const parse = (manifest: unknown, allowedHosts: string[] = []) =>
  parseManifest(typeof manifest === "string" ? manifest : JSON.stringify(manifest), { allowedHosts });

/** What becomes of one entry, beside a good one. */
function entryOf(fields: object) {
  const { entries, dropped } = parse({ one: manifestEntry(fields), good: manifestEntry() });
  expect(entries.map(({ key }) => key)).toContain("good");
  return { entry: entries.find(({ key }) => key === "one"), reason: dropped.find(({ key }) => key === "one")?.reason };
}

function failureOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ManifestFailure);
    expect((error as ManifestFailure).stage).toBe("parse");
    return (error as ManifestFailure).detail;
  }
  throw new Error("it was taken for a manifest");
}

describe("an entry", () => {
  it("of the guide is read as it is, with defaults for what it leaves out", () => {
    expect(entryOf({ model_version: 4 }).entry).toEqual({
      key: "one",
      status: "live",
      warning: null,
      experts: ["gpt-4", "gpt-4o-mini"],
      url: "https://api.openai.com/v1",
      tokenName: "openai-production",
      model: "OpenAI GPT-4",
      description: "OpenAI's GPT-4 models",
      modelVersion: "4",
      dialect: "openai",
      headers: {},
      query: {},
      authHeaderName: null,
      authHeaderPrefix: null,
      weight: 1,
      groups: null,
    });
  });

  it("needs no description, model or version, and takes them as text whatever they are", () => {
    const bare = entryOf({ description: undefined, model: null, model_version: { major: 1 } }).entry;
    expect([bare?.description, bare?.model, bare?.modelVersion]).toEqual(["", "", ""]);
  });

  it.each([
    ["live", "live"],
    ["LIVE", "live"],
    [" Live ", "live"],
    ["Offline", "offline"],
    ["mainTENANCE", "maintenance"],
  ])("has the status %j in any case", (status, read) => {
    expect(entryOf({ status }).entry).toMatchObject({ status: read, warning: null });
  });

  it("is offline with a warning under a status that nobody knows", () => {
    const { entry } = entryOf({ status: "Stopped" });
    expect(entry?.status).toBe("offline");
    expect(entry?.warning).toContain('"Stopped"');
  });

  it("has each expert once, and unknown fields are nobody's concern", () => {
    expect(entryOf({ experts: ["a", "b", "a"], health_path: "/h", nested: [[{}]] }).entry?.experts).toEqual(["a", "b"]);
  });

  it("never has variables filled in", () => {
    expect(entryOf({ experts: ["${HOME}"], endpoint_id: "${PATH}" }).entry).toMatchObject({
      experts: ["${HOME}"],
      tokenName: "${PATH}",
    });
  });

  it("takes Headgate's own fields", () => {
    const own = {
      dialect: "Anthropic",
      headers: { "X-Team": "a" },
      query: { "api-version": "1" },
      auth_header_name: "x-key",
      auth_header_prefix: "Key ",
      weight: 3,
      groups: ["physics", "physics"],
    };
    expect(entryOf(own).entry).toMatchObject({
      dialect: "anthropic",
      headers: { "x-team": "a" },
      query: { "api-version": "1" },
      authHeaderName: "x-key",
      authHeaderPrefix: "Key ",
      weight: 3,
      groups: ["physics"],
    });
  });

  it("speaks azure at Azure's hosts, and openai at Anthropic's unless it says otherwise", () => {
    expect(entryOf({ url: "https://x.openai.azure.com/openai/deployments/gpt" }).entry?.dialect).toBe("azure");
    expect(entryOf({ url: "https://api.anthropic.com/v1" }).entry?.dialect).toBe("openai");
    expect(entryOf({ url: "https://x.openai.azure.com/openai/v1", dialect: "openai" }).entry?.dialect).toBe("openai");
  });

  const secret = "s3cret-canary";
  const wrong: [object, string][] = [
    [{ status: undefined }, "`status` is missing"],
    [{ status: "" }, "`status` is empty"],
    [{ status: 1 }, "`status` must be text"],
    [{ experts: undefined }, "`experts` is missing"],
    [{ experts: [] }, "`experts` is empty"],
    [{ experts: "gpt-4" }, "`experts` must be a list"],
    [{ experts: ["gpt-4", 5] }, "`experts`, element 2, must be text"],
    [{ experts: ["a\nb"] }, "`experts`, element 1, must not contain control characters"],
    [{ experts: ["x".repeat(257)] }, "`experts`, element 1, must be 1 to 256 characters"],
    [{ experts: ["\ud800"] }, "`experts`, element 1, is not valid Unicode"],
    [{ experts: Array.from({ length: 1001 }, (_, index) => `m${index}`) }, "at most 1000 names"],
    [{ url: undefined }, "`url` is missing"],
    [{ url: "  " }, "`url` is empty"],
    [{ url: ["https://a"] }, "`url` must be text"],
    [{ url: "ftp://a.example" }, "`url` must begin with http:// or https://"],
    [{ url: `https://user:${secret}@a.example` }, "`url` must not contain a user name or password"],
    [{ url: `https://a.example/?key=${secret}` }, "`url` must not contain a query"],
    [{ endpoint_id: undefined }, "`endpoint_id` is missing"],
    [{ endpoint_id: "" }, "`endpoint_id` is empty"],
    [{ endpoint_id: 5 }, "`endpoint_id` must be text"],
    [{ dialect: "klingon" }, "`dialect` must be one of openai, anthropic, azure, gemini"],
    [{ headers: { authorization: secret } }, "carries the credential: keys are named by `endpoint_id`"],
    [{ headers: { "x-own": secret }, auth_header_name: "X-Own" }, "carries the credential"],
    [{ headers: { host: secret } }, "`headers`: header 'host' is set by Headgate itself"],
    [{ headers: { "x-a": `${secret}\n` } }, "`headers`: header 'x-a' must not contain newlines"],
    [{ headers: [secret] }, "`headers` must be an object"],
    [{ headers: { "x-a": 1 } }, "`headers` must hold text only"],
    [{ query: { a: 1 } }, "`query` must hold text only"],
    [{ query: { a: `\ud800${secret}` } }, "`query` is not valid Unicode"],
    [{ auth_header_name: "a b" }, "`auth_header_name` must be a header name"],
    [{ auth_header_prefix: `${secret}\n` }, "`auth_header_prefix` must not contain newlines"],
    [{ weight: 0 }, "`weight` must be a whole number"],
    [{ weight: "2" }, "`weight` must be a whole number"],
    [{ groups: [] }, "`groups` must be a list of names of groups, with at least one"],
    [{ groups: "physics" }, "`groups` must be a list"],
    [{ groups: [""] }, "`groups` must be a list"],
  ];
  it.each(wrong)("is dropped alone for %j", (fields, words) => {
    const { entry, reason } = entryOf(fields);
    expect(entry).toBeUndefined();
    expect(reason).toContain(words);
    expect(reason).not.toContain(secret);
    expect(reason).not.toContain("api_key");
  });

  it.each([null, 5, "x", [], [manifestEntry()]])("is dropped alone when it is %j", (value) => {
    const { entries, dropped } = parse({ bad: value, good: manifestEntry() });
    expect([entries.map(({ key }) => key), dropped]).toEqual([
      ["good"],
      [{ key: "bad", tokenName: null, reason: "must be an object" }],
    ]);
  });

  it("is dropped for a key that can't be stored, and keeps its endpoint_id for the reader", () => {
    const { dropped } = parse({ "a\u0000b": manifestEntry(), "": manifestEntry(), good: manifestEntry() });
    expect(dropped.map(({ reason, tokenName }) => [reason, tokenName])).toEqual([
      ["its key must not contain control characters", "openai-production"],
      ["its key must be 1 to 256 characters", "openai-production"],
    ]);
  });

  it("may be called like anything that objects have", () => {
    const text = `{"__proto__": ${JSON.stringify(manifestEntry())}, "constructor": ${JSON.stringify(manifestEntry())}}`;
    expect(parse(text).entries.map(({ key }) => key)).toEqual(["__proto__", "constructor"]);
  });
});

describe("allowed hosts", () => {
  const hosts = {
    a: "https://api.openai.com/v1",
    b: "https://API.openai.com:444/v1",
    c: "http://evil.example",
    d: "http://[::1]:80/",
  };
  const manifest = Object.fromEntries(Object.entries(hosts).map(([key, url]) => [key, manifestEntry({ url })]));
  const kept = (allowed: string[]) => parse(manifest, allowed).entries.map(({ key }) => key);

  it("drop entries that point elsewhere, and say so", () => {
    expect(kept(["api.OpenAI.com"])).toEqual(["a", "b"]);
    expect(kept(["api.openai.com:443"])).toEqual(["a"]);
    expect(kept(["::1"])).toEqual(["d"]);
    expect(kept([])).toEqual(["a", "b", "c", "d"]);
    expect(parse(manifest, ["api.openai.com"]).dropped[0]?.reason).toBe(
      "`url` points to a host that is not among the allowed hosts",
    );
  });

  it("are not taken in by hosts that only look alike", () => {
    const urls = ["https://api.openai.com.evil.example/", "https://evil.example/api.openai.com", "https://xapi.openai.com/"];
    const alike = Object.fromEntries(urls.map((url) => [url, manifestEntry({ url })]));
    expect(parse(alike, ["api.openai.com"]).entries).toEqual([]);
  });
});

describe("a text that is no manifest", () => {
  it.each(["", "not json", "[]", "null", "5", '"text"', "{", `[${JSON.stringify(manifestEntry())}]`, "[".repeat(100_000)])(
    "fails as a whole: %.20s",
    (text) => {
      expect(failureOf(text)).toMatch(/^The manifest /);
    },
  );

  it("is an error page in JSON, which would otherwise remove every endpoint", () => {
    expect(failureOf('{"error": {"message": "not found"}}')).toContain("looks like an entry");
    expect(failureOf('{"detail": "Not Found"}')).toContain("looks like an entry");
    expect(parse("{}")).toEqual({ entries: [], dropped: [] });
  });

  it("is too large in one way or another", () => {
    expect(failureOf(JSON.stringify({ a: "x".repeat(manifestBytesMax) }))).toContain("4 MB");
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, { url: "" }]));
    expect(failureOf(JSON.stringify(many(10_001)))).toContain("10000 entries");
    expect(parse(many(10_000)).dropped).toHaveLength(10_000);
    const experts = Array.from({ length: 1000 }, (_, index) => `m${index}`);
    const wide = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, manifestEntry({ experts })]));
    expect(failureOf(JSON.stringify(wide))).toContain("20000 models");
  });

  it("has no piece of it in the words for it", () => {
    expect(failureOf('{"key": s3cret-canary}')).not.toContain("s3cret-canary");
  });
});

const anyEntry = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      status: fc.oneof(fc.constantFrom("Live", "offline", "??"), fc.jsonValue()),
      experts: fc.oneof(fc.array(fc.string({ unit: "binary" })), fc.jsonValue()),
      url: fc.oneof(fc.webUrl(), fc.string(), fc.jsonValue()),
      endpoint_id: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
      headers: fc.oneof(fc.dictionary(fc.string(), fc.string()), fc.jsonValue()),
      query: fc.oneof(fc.dictionary(fc.string(), fc.string({ unit: "binary" })), fc.jsonValue()),
      auth_header_name: fc.jsonValue(),
      auth_header_prefix: fc.jsonValue(),
      dialect: fc.jsonValue(),
      weight: fc.jsonValue(),
      groups: fc.jsonValue(),
      model: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);

test("no input throws anything but the named failure", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.dictionary(fc.string({ unit: "binary" }), anyEntry).map((root) => JSON.stringify(root)),
  );
  fc.assert(
    fc.property(texts, fc.array(fc.string()), (text, allowedHosts) => {
      try {
        parseManifest(text, { allowedHosts });
      } catch (error) {
        if (!(error instanceof ManifestFailure)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test("an entry is read alike whatever stands beside it, and every entry is accounted for", () => {
  const good = manifestEntry();
  const alone = parse({ good }).entries[0];
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyEntry), (others) => {
      const root = Object.fromEntries([...Object.entries(others), ["good", good]]);
      const { entries, dropped } = parse(root);
      expect(entries.find(({ key }) => key === "good")).toEqual(alone);
      expect(entries.length + dropped.length).toBe(Object.keys(root).length);
    }),
    { numRuns: 1000 },
  );
});
