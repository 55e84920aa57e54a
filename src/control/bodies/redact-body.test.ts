// What is to be taken out is out, however it is written, wherever a stream or the bound cuts it; everything else stays as it is.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newApiKey } from "../../domain/api-key.ts";
import { redactions } from "../../domain/body-keeping.ts";
import { redactBody } from "./redact-body.ts";

const always = { isCut: false, secrets: [] as string[], redact: new Set<never>() };
const everything = { ...always, redact: new Set(redactions.filter((one) => one !== "content")) };
const content = { ...always, redact: new Set(["content"] as const) };

const from = (letters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength, maxLength });
const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const key = fc.oneof(
  fc.constant(null).map(() => newApiKey().key),
  from(`${alphanumeric}_-`, 20, 80).map((rest) => `sk-${rest}`),
  from(`${alphanumeric}_-`, 20, 80).map((rest) => `sk-ant-api03-${rest}`),
  from(`${alphanumeric}_-`, 35, 35).map((rest) => `AIza${rest}`),
  from("ABCDEFGHIJ0123456789", 16, 16).map((rest) => `AKIA${rest}`),
  from(alphanumeric, 36, 36).map((rest) => `ghp_${rest}`),
  from(alphanumeric, 34, 34).map((rest) => `hf_${rest}`),
  from(alphanumeric, 40, 52).map((rest) => `gsk_${rest}`),
  fc
    .tuple(from(alphanumeric, 10, 30), from(alphanumeric, 10, 60), from(alphanumeric, 10, 43))
    .map((parts) => `eyJ${parts.join(".")}`),
);
/** Does not run into a key, and is none. */
const words = fc
  .array(fc.constantFrom("the", "task-force", "a", "№ 5", '"quoted"', "back\\slash", "ümlaut", "🙂", "line\nbreak"), {
    maxLength: 6,
  })
  .map((all) => ` ${all.join(" ")} `);

const chatEvent = (text: string) => `data: ${JSON.stringify({ id: "c", choices: [{ delta: { content: text }, index: 0 }] })}\n\n`;
const messageEvent = (text: string) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })}\n\n`;
const responseEvent = (delta: string) =>
  `event: response.output_text.delta\r\ndata: ${JSON.stringify({ type: "response.output_text.delta", output_index: 0, content_index: 0, delta })}\r\n\r\n`;

/** `text` in pieces, cut at these places. */
function piecesOf(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((place, index) => text.slice(place, places[index]));
}

describe("credentials", () => {
  test("of every shape are found in plain JSON, with the rest as it was", () => {
    fc.assert(
      fc.property(words, key, words, (before, secret, after) => {
        const body = (middle: string) =>
          JSON.stringify({ model: "m", n: 1.0, messages: [{ role: "user", content: before + middle + after }] }, null, 2);
        const { text, kinds } = redactBody(body(secret), always);
        expect(text).toBe(body("[credential]"));
        expect([...kinds]).toEqual(["credentials"]);
      }),
    );
  });

  test.each([
    ["chat", chatEvent],
    ["messages", messageEvent],
    ["responses", responseEvent],
  ])("are found however the events of a stream cut them: %s", (_name, event) => {
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    fc.assert(
      fc.property(words, key, words, cuts, (before, secret, after, places) => {
        const body = piecesOf(before + secret + after, places)
          .map(event)
          .join("");
        const { text } = redactBody(`${body}data: [DONE]\n\n`, always);
        const said = [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json]) => {
          const { choices, delta } = JSON.parse(json as string);
          return choices?.[0].delta.content ?? delta.text ?? delta;
        });
        expect(said.join("")).toBe(`${before}[credential]${after}`);
      }),
    );
  });

  test("are found in each of several answers of one stream", () => {
    const [one, other] = ["sk-aaaaaaaaaaaaaaaa", "sk-bbbbbbbbbbbbbbbb"];
    const events = Array.from({ length: one.length }, (_, at) =>
      [one, other]
        .map((text, index) => `data: ${JSON.stringify({ choices: [{ delta: { content: text[at] }, index }] })}\n\n`)
        .join(""),
    );
    const { text } = redactBody(events.join(""), always);
    expect(text.match(/\[credential\]/g)).toHaveLength(2);
    expect(text).not.toMatch(/"content":"[abk]"/);
  });

  test("are found in a stream that is a list of JSON, and in one of lines", () => {
    const part = (text: string) => ({ candidates: [{ content: { parts: [{ text }] } }] });
    const list = JSON.stringify([part("it is sk-abcd"), part("efghijklmnop")], null, 1);
    expect(JSON.parse(redactBody(list, always).text)).toEqual([part("it is [credential]"), part("")]);
    const lines = [part("it is sk-abcd"), part("efghijklmnop")].map((line) => JSON.stringify(line)).join("\n");
    expect(redactBody(lines, always).text).not.toContain("efgh");
  });

  test("are found in names, escapes, arguments within arguments, and in what is no JSON", () => {
    const secret = "sk-abcdefghijklmnop";
    for (const body of [
      `{"${secret}":1}`,
      `{"a":"\\u0073k-abcdefghijklmnop"}`,
      JSON.stringify({ arguments: JSON.stringify({ key: secret, more: JSON.stringify(`\n${secret}`) }) }),
      `--x\r\ncontent-disposition: form-data; name="key"\r\n\r\n${secret}\r\n--x--`,
      `{"broken": "${secret}`,
      `{"broken": ${secret}`,
      `: a comment with ${secret}\n\ndata: {"a":\ndata: "${secret}"}\n\n`,
      `key=${secret}&x=1`,
      JSON.stringify({ a: JSON.stringify({ b: `{\\u0022key\\u0022:\\u0022${secret}\\u0022}` }) }),
      `{"u":"https://a.example/?u=https%3A%2F%2Fb.example%3Fkey%3D${secret}"}`,
      `text=hello%0A${secret}`,
      JSON.stringify({ output: `\u001b[32m${secret}\u001b[0m` }),
      JSON.stringify({ a: JSON.stringify({ b: "x\nBearer abcdefghijklmnop" }) }),
      "authorization=Bearer+abcdefghijklmnop",
      "authorization=Bearer%20abcdefghijklmnop",
      `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: a-b\n\n${secret}\n-----END PGP PRIVATE KEY BLOCK-----`,
      `-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,A\n\nabcdefghijklmnop\n-----END RSA PRIVATE KEY-----`,
      `aws_secret_access_key = abcdefghijklmnop/${"A1+/".repeat(5)}abc`,
    ]) {
      const { text, kinds } = redactBody(body, always);
      expect([body, text.includes("bcdefghijklmnop"), [...kinds]]).toEqual([body, false, ["credentials"]]);
    }
  });

  test("that are known are found, whatever they look like, and the scheme before them stays", () => {
    const secrets = ["correct horse battery staple", "short"];
    const body = '{"a":"Bearer abcdefgh12345678, correct horse battery staple, short, Basic dXNlcjpwYXNzd29yZDEyMw=="}';
    expect(redactBody(body, { ...always, secrets }).text).toBe(
      '{"a":"Bearer [credential], [credential], short, Basic [credential]"}',
    );
  });

  test("that are known are found in URLs, and in JSON within JSON", () => {
    const known = 'ab/cd+ef"gh==';
    const nested = JSON.stringify({ k: known });
    for (const form of [encodeURIComponent(known), nested, nested.replaceAll("/", "\\/")]) {
      const { text } = redactBody(JSON.stringify({ error: `POST https://a.example/?code=${form}` }), {
        ...always,
        secrets: [known],
      });
      expect([form, text.includes("cd"), text.includes("[credential]")]).toEqual([form, false, true]);
    }
  });

  test("that are known are found where an answer has broken off within one, also between events", () => {
    const known = "the endpoint's own key";
    for (const body of [
      `so it is ${known.slice(0, 12)}`,
      chatEvent(`so it is ${known.slice(0, 5)}`) + chatEvent(known.slice(5, 12)),
    ]) {
      const { text } = redactBody(body, { ...always, secrets: [known] });
      expect([text.includes("endp"), text.includes("so it is [credential]")]).toEqual([false, true]);
    }
  });

  test("are found in streams of which only some events say their index", () => {
    const candidate = (text: string, index: object) => ({ candidates: [{ content: { parts: [{ text }] }, ...index }] });
    const list = [candidate("it is sk-abcd", {}), candidate("efghijklmnop", { index: 0 })];
    expect(redactBody(JSON.stringify(list), always).text).not.toContain("efgh");
  });

  test("of which the bound leaves the beginning leave nothing", () => {
    fc.assert(
      fc.property(words, key, fc.nat(), (before, secret, place) => {
        const known = "a known secret with spaces";
        for (const cut of [secret, known]) {
          const whole = `{"messages":[{"content":"${"x ".repeat(20)}${JSON.stringify(before).slice(1, -1)}`;
          const kept = 1 + (place % (cut.length - 1));
          const { text } = redactBody(whole + cut.slice(0, kept), { ...always, isCut: true, secrets: [known] });
          expect(whole.startsWith(text.replace(/"$/, ""))).toBe(true);
        }
      }),
    );
  });
});

describe("what is named", () => {
  test("e-mail addresses, telephone and card numbers go; other numbers, dates and addresses stay", () => {
    const said = (text: string) => JSON.parse(redactBody(JSON.stringify({ text }), everything).text).text;
    for (const [text, expected] of [
      ["write to ann.b+c@mail.example.org, or Jürgen@müller.de.", "write to [email], or [email]."],
      ["call +1 (555) 123-4567 or 555-123-4567 or +4930123456", "call [phone number] or [phone number] or [phone number]"],
      [
        "card 4111 1111 1111 1111, 4111111111111111, no 12 5500-0000-0000-0004",
        "card [card number], [card number], no [card number]",
      ],
      ["2026-11-22 08:20, 192.168.100.200, 1732264800, 3.14159265, v1.2.3, 4111111111111112", null],
      ["a@b, @handle, 12-34, user@localhost", null],
    ] as const) {
      expect(said(text)).toBe(expected ?? text);
      expect(JSON.parse(redactBody(JSON.stringify({ text }), always).text).text).toBe(text);
    }
    expect(redactBody('{"card":4111111111111111,"at":1732264800}', everything).text).toBe(
      '{"card":"[card number]","at":1732264800}',
    );
  });

  test("content is told by its length, in the shape that it had", () => {
    const request = {
      model: "gpt-4o",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: [{ type: "text", text: "🙂" }] },
      ],
      prompt: ["a", [15496, 995]],
      temperature: 0.5,
      stop: null,
      tools: [{ type: "function", function: { name: "f", arguments: '{"a":1}' } }],
    };
    expect(JSON.parse(redactBody(JSON.stringify(request), content).text)).toEqual({
      model: "gpt-4o",
      messages: [
        { role: "system", content: "[9 characters]" },
        { role: "user", content: [{ type: "text", text: "[2 characters]" }] },
      ],
      prompt: ["[1 character]", [0, 0]],
      temperature: 0.5,
      stop: null,
      tools: [{ type: "function", function: { name: "[1 character]", arguments: "[7 characters]" } }],
    });
    const stream = `event: x\n${chatEvent("hello")}: said hello\n\ndata: [DONE]\n\n`;
    expect(redactBody(stream, content).text).toBe(
      `event: x\ndata: {"id":"c","choices":[{"delta":{"content":"[5 characters]"},"index":0}]}\n\n[12 characters]\n\ndata: [DONE]\n\n`,
    );
    expect(redactBody("what was said", content).text).toBe("[13 characters]");
    expect(redactBody('{"role":"what was said"', content).text).toBe('{"role":"[13 characters]"');
  });

  test("of content nothing is left in what tools get and give, whatever its fields are called", () => {
    const free = { id: "ann@example.org", status: "pregnant", age: 42, deep: [{ type: "cancer" }] };
    const taken = { id: "[15 characters]", status: "[8 characters]", age: 0, deep: [{ type: "[6 characters]" }] };
    for (const of of [
      (inner: object) => ({ content: [{ type: "tool_use", id: "toolu_1", input: inner }] }),
      (inner: object) => ({ parts: [{ functionCall: { id: "f_1", args: inner } }, { functionResponse: { response: inner } }] }),
      (inner: object) => ({ metadata: inner, input: [{ role: "user", type: "message" }] }),
    ]) {
      expect(JSON.parse(redactBody(JSON.stringify(of(free)), content).text)).toEqual(of(taken));
    }
  });

  test("no text of any JSON is left where content is taken out", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (any) => {
        const value = { any };
        const marked = JSON.parse(JSON.stringify(value), (_name, one) => (typeof one === "string" ? `canary ${one}` : one));
        const text = JSON.stringify(marked);
        expect(redactBody(text, content).text).not.toContain("canary");
        JSON.parse(redactBody(text, content).text);
      }),
    );
  });
});

test("what holds nothing of it stays as it is, byte for byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.jsonValue(), (text, value) => {
      for (const body of [text.replace(/[@\d]/g, ""), JSON.stringify({ a: value }).replace(/[@\d]/g, "x")]) {
        expect(redactBody(body, { ...everything, secrets: ["never in there"] }).text).toBe(body);
      }
    }),
  );
});

test("no text takes long", () => {
  const hostile = [
    "sk-",
    "a.",
    "@a",
    "[",
    '{"a":',
    '"\\',
    "1 ",
    "+1-",
    "555-",
    "bearer ",
    "-----BEGIN ",
    "eyJaaaaaaaa.",
    "\\n",
    "data: {\n",
    "(1",
    "a@a.",
    "-eyJ",
    "eyJaaaaaaaa-",
  ];
  const size = 256 * 1024;
  const texts = hostile.map((piece) => [piece, piece.repeat(Math.floor(size / piece.length))] as const);
  const half = (piece: string) => piece.repeat(Math.floor(size / 2 / piece.length));
  for (const [piece, text] of [
    ...texts,
    ["many findings in one list", `[${half('"a@b.cc ",')}${half('"sk-aaaaaaaa ",')}`],
    ["a long name", `{"${half("n")}":{${half('"a":"x",')}`],
    ["many labels", `{"type":"${half("n")}",${half('"a":"x",')}`],
    ["many indexes", `{${half('"index":1,')}${half('"a":"x",')}`],
  ] as const) {
    const startedAt = performance.now();
    redactBody(text, { isCut: true, secrets: ["sk-sk-sk-sk-!"], redact: new Set(redactions.filter((one) => one !== "content")) });
    redactBody(text, { ...content, isCut: true });
    expect([piece, performance.now() - startedAt < 5000]).toEqual([piece, true]);
  }
});
