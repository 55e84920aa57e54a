// Whoever reads a request, node:http or a plain connection: the same reaches the gateway, and the caller gets the same bytes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeAll, type ListenerUnderTest, openBoth, openListener } from "./fixtures/both-listeners.ts";
import { type Step, talk } from "./fixtures/talk.ts";

let plain: ListenerUnderTest;
let node: ListenerUnderTest;
/** Plain, and each request has to wait for its turn. */
let late: ListenerUnderTest;
beforeAll(async () => {
  [plain, node] = await openBoth();
  late = await openListener(true, { haveToWait: true });
});
afterAll(() => closeAll([plain, node, late]));

interface Exchange {
  name: string;
  steps: readonly Step[];
  /** How many of the requests a plain connection reads. */
  plain: number;
}

const body = '{"model":"m","messages":[]}';

interface Call {
  target?: string;
  lines?: readonly string[];
  /** In place of the body's. */
  length?: string | null;
  body?: string;
}

/** A call as most callers make it, with `lines` added. */
function call({ target = "/", lines = [], length = null, body: text = body }: Call = {}): string {
  const own = ["Host: gateway.example", "Content-Type: application/json", "Authorization: Bearer key"];
  const all = [...own, `Content-Length: ${length ?? text.length}`, ...lines];
  return `POST ${target} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${text}`;
}

const one: Step = { answers: 1 };
const two: Step = { answers: 2 };
const byteByByte = (text: string): string[] => text.split("");
const exchange = (name: string, steps: readonly Step[], plainCount = 0): Exchange => ({ name, steps, plain: plainCount });
/** A plain one. */
const answered = (name: string, request: string) => exchange(name, [request, one], 1);
/** One that node:http answers or refuses, as it thinks best. */
const others = (name: string, request: string) => exchange(name, [request, one], 0);

const answers = [
  ...["/", "/chunked", "/chunked-late-end", "/chunked-at-once", "/chunked-large", "/empty", "/empty-chunked", "/204", "/304"],
  ...["/odd-status", "/dated", "/large", "/in-pieces", "/refused-header", "/refused-name", "/early", "/as-stream"],
].map((target) => answered(`the answer ${target}`, call({ target })));

const connections = [
  exchange("two calls, one after the other", [call(), one, call({ target: "/chunked" }), two], 2),
  exchange("a kept connection that says so", [call({ lines: ["Connection: Keep-Alive"] }), one, call(), two], 2),
  exchange("the caller closes", [call({ lines: ["Connection: close"] }), "CLOSED"], 1),
  exchange("the caller closes, in capitals", [call({ lines: ["CONNECTION:CLOSE"] }), "CLOSED"], 1),
  exchange("the caller closes a stream", [call({ target: "/chunked", lines: ["Connection: close"] }), "CLOSED"], 1),
  exchange("the answer closes", [call({ target: "/close" }), "CLOSED"], 1),
  exchange("an answer that is cut", [call({ target: "/cut" }), "CLOSED"], 1),
  exchange("an answer that is not given", [call({ target: "/destroy" }), "CLOSED"], 1),
  exchange("an answer that is read slowly", [call({ target: "/in-pieces" }), "PAUSE", "PAUSE", one], 1),
  exchange("a large answer that is read slowly", [call({ target: "/large" }), "PAUSE", one, call(), two], 2),
  exchange("the connection ends without a request", ["FIN", "CLOSED"]),
  exchange("the connection ends between two", [call(), one, "FIN", "CLOSED"], 1),
  exchange("the connection ends before the answer", [call({ target: "/wait" }), "FIN", "CLOSED"], 1),
  exchange("the connection breaks before the answer", [call({ target: "/wait" }), "RST"], 1),
];

const bodies = [
  answered("no byte of body", call({ body: "" })),
  exchange("head and body apart", [call().slice(0, -body.length), body, one], 1),
  exchange("the body byte by byte", [call().slice(0, -body.length), ...byteByByte(body), one], 1),
  exchange("the head byte by byte", [...byteByByte(call()), one], 0),
  exchange("the second head byte by byte", [call(), one, ...byteByByte(call({ target: "/chunked" })), two], 1),
  exchange("a large body", [call({ body: "x".repeat(3_000_000) }), one, call(), two], 2),
  exchange("a body that is read late", [call({ target: "/read-late", body: "x".repeat(90_000) }), one, call(), two], 2),
  exchange("a large body that is read late", [call({ target: "/read-late", body: "x".repeat(3_000_000) }), one, call(), two], 2),
  exchange("a large body that nobody reads", [call({ target: "/early", body: "x".repeat(200_000) }), one, call(), two], 2),
  exchange("a body that is too large to be thrown away", [call({ target: "/early", body: "x".repeat(9_000_000) }), "CLOSED"], 1),
  exchange("a body behind its answer", [call({ target: "/early", length: "6", body: "abc" }), one, "def", call(), two], 2),
  exchange("a body shorter than it says", [call({ length: "100" }), "FIN", "CLOSED"], 1),
  exchange("a body that breaks", [call({ length: "100" }), "RST"], 1),
  exchange("a body longer than it says", [`${call()}garbage`, "CLOSED"], 0),
];

const chunked = call({ lines: [] })
  .replace(/Content-Length: \d+/, "Transfer-Encoding: chunked")
  .replace(body, `3\r\n{} \r\n0\r\n\r\n`);

const pipelined = [
  exchange("two plain ones at once", [call() + call({ target: "/chunked" }), two], 0),
  exchange("the second before the answer to the first", [call({ target: "/later" }), call(), "GO ON", two], 1),
  exchange("the second with the first one's body", [call().slice(0, -5), `${call().slice(-5)}${call()}`, two], 1),
  exchange("plain, then chunked", [call(), one, chunked, two], 1),
  exchange("plain, then chunked, at once", [call() + chunked, two], 0),
  exchange("plain, then GET", [call(), one, "GET /side HTTP/1.1\r\nHost: x\r\n\r\n", two], 1),
  exchange("plain, then GET, at once", [`${call()}GET /side HTTP/1.1\r\nHost: x\r\n\r\n`, two], 0),
  exchange("plain, then nonsense", [call(), one, "nonsense\r\n\r\n", "CLOSED"], 1),
  exchange("plain, then a broken head", [call(), one, call({ lines: ["x: \x01"] }), "CLOSED"], 1),
  exchange("chunked, then plain", [chunked, one, call(), two], 0),
];

const requests = [
  answered(
    "values of all that is allowed",
    call({ lines: ["x-any: a\tb \x80\xff \"{}'", "x-empty:", "x-blank: \t ", "x-tight:a"] }),
  ),
  answered("blanks around a value", call({ lines: ["x-a: \t  b c\t  ", "x-b:   "] })),
  others("blanks before a length", call({ length: "   27" })),
  others("a blank behind a length", call({ length: "27 " })),
  others("a tab behind a length", call({ length: "27\t" })),
  others("a tab behind what is said of the connection", call({ lines: ["Connection: close\t"] })),
  answered("odd names", call({ lines: ["!#$%&'*+-.^_`|~09azAZ: x", "x-Long-Name-In-Any-CASE: y"] })),
  answered("a target of all that is allowed", call({ target: "/a//../b;c?d=e&f=%00\"<>[]{}|\\^`'" })),
  answered("cookies", call({ lines: ["Cookie: a=b; c=d"] })),
  answered("a word of JSON", call().replace("application/json", "Application/vnd.x+JSON; charset=utf-8")),
  others("a body that is no JSON", call().replace("application/json", "text/plain")),
  others("no content-type", call().replace("Content-Type: application/json\r\n", "")),
  others("a fragment", call({ target: "/a#b" })),
  others("a target with a blank", call({ target: "/a b" })),
  others("a target beyond ASCII", call({ target: "/caf\xe9" })),
  others("an absolute target", call({ target: "http://gateway.example/" })),
  others("no target", call({ target: "" })),
  others("a page that calls", call({ lines: ["Origin: https://page.example"] })),
  others("somebody else's path", call({ target: "/side" })),
  others("HTTP/1.0", call().replace("HTTP/1.1", "HTTP/1.0")),
  others("HTTP/1.2", call().replace("HTTP/1.1", "HTTP/1.2")),
  others("HTTP/2.0", call().replace("HTTP/1.1", "HTTP/2.0")),
  others("a method in small letters", call().replace("POST", "post")),
  others("PUT", call().replace("POST", "PUT")),
  others("empty lines before it", `\r\n\r\n${call()}`),
  others("two blanks in the first line", call().replace("POST ", "POST  ").replace(" HTTP", "  HTTP")),
  others("chunked", chunked),
  others("chunked, and a length", call({ lines: ["Transfer-Encoding: chunked"] })),
  others("chunked, hidden by a blank", call({ lines: ["Transfer-Encoding : chunked"] })),
  others("an unknown coding", call({ lines: ["Transfer-Encoding: xchunked"] })),
  others("two lengths", call({ lines: ["Content-Length: 27"] })),
  others("two other lengths", call({ lines: ["content-length: 3"] })),
  others("a list of lengths", call({ length: "27, 27" })),
  others("a length with a plus", call({ length: "+27" })),
  others("a negative length", call({ length: "-27" })),
  others("a length in two parts", call({ length: "2 7" })),
  others("a length in hexadecimal", call({ length: "0x1b" })),
  others("no digits in the length", call({ length: " " })),
  others("a length beyond any", call({ length: "99999999999999999999" })),
  others("a length with zeros before it", call({ length: "0027" })),
  others(
    "no length",
    call()
      .replace(/Content-Length: \d+\r\n/, "")
      .replace(body, ""),
  ),
  others("no host", call().replace("Host: gateway.example\r\n", "")),
  others("two hosts", call({ lines: ["Host: other.example"] })),
  answered("an empty host", call().replace("gateway.example", "")),
  others("a folded line", call({ lines: ["x-a: b", " c"] })),
  others("a blank before the first line", call().replace("Host:", " Host:")),
  others("a bare line feed", call({ lines: ["x-a: b\nx-c: d"] })),
  others("a bare carriage return", call({ lines: ["x-a: b\rx-c: d"] })),
  others("line feeds only", call().replaceAll("\r\n", "\n")),
  others("a NUL in a value", call({ lines: ["x-a: \0"] })),
  others("a DEL in a value", call({ lines: ["x-a: \x7f"] })),
  others("a NUL in a name", call({ lines: ["x\0a: b"] })),
  others("a blank in a name", call({ lines: ["x a: b"] })),
  others("a blank behind a name", call({ lines: ["x-a : b"] })),
  others("a name beyond ASCII", call({ lines: ["caf\xe9: b"] })),
  others("no name", call({ lines: [": b"] })),
  others("no colon", call({ lines: ["x-a"] })),
  others("Expect", call({ lines: ["Expect: 100-continue"] })),
  others("an Upgrade that nobody wants", call({ lines: ["Connection: upgrade", "Upgrade: h2c", "HTTP2-Settings: AA"] })),
  others("TE", call({ lines: ["TE: trailers"] })),
  others("Trailer", call({ lines: ["Trailer: x"] })),
  exchange("Proxy-Connection", [call({ lines: ["Proxy-Connection: close"] }), "CLOSED"], 0),
  others("a connection of many words", call({ lines: ["Connection: keep-alive, x-a", "x-a: b"] })),
  exchange("two words about the connection", [call({ lines: ["Connection: keep-alive", "Connection: close"] }), "CLOSED"], 0),
  ...["accept", "authorization", "content-type", "cookie", "set-cookie", "user-agent", "x-forwarded-for", "x-api-key", "age"].map(
    (name) => others(`${name} more than once`, call({ lines: [`${name}: one/json`, `${name}: two`, `${name}: three`] })),
  ),
  others("one set-cookie", call({ lines: ["Set-Cookie: a=b"] })),
  others("names that every object has", call({ lines: ["__proto__: a", "constructor: b"] })),
  answered("an answer with names that every object has", call({ target: "/odd-names" })),
  answered("a large head", call({ lines: [`x-large: ${"x".repeat(15_000)}`] })),
  others("a larger head", call({ lines: [`x-large: ${"x".repeat(40_000)}`] })),
  exchange("a head beyond all bounds", [call({ lines: [`x-large: ${"x".repeat(64 * 1024)}`] }), "CLOSED"]),
  answered("hundreds of headers", call({ lines: Array.from({ length: 500 }, (_, i) => `x-${i}: ${i}`) })),
  exchange("HEAD", ["HEAD /side HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "CLOSED"]),
  exchange("OPTIONS", ["OPTIONS /x HTTP/1.1\r\nHost: x\r\n\r\n", one], 0),
  others("nonsense", "nonsense\r\n\r\n"),
  others("a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01"),
];

async function observe(listener: ListenerUnderTest, steps: readonly Step[]) {
  const [seenBefore, plainBefore] = [listener.seen.length, listener.plainCount()];
  const { answers: text, error } = await talk(listener.port, steps, () => listener.answerLater());
  return { answers: text, error, seen: listener.seen.slice(seenBefore), plain: listener.plainCount() - plainBefore };
}

describe.each([
  { about: "answers", exchanges: answers },
  { about: "connections", exchanges: connections },
  { about: "bodies", exchanges: bodies },
  { about: "pipelined", exchanges: pipelined },
  { about: "requests", exchanges: requests },
])("$about", ({ exchanges }) => {
  it.each(exchanges)("$name", async ({ steps, plain: plainExpected }) => {
    const mine = await observe(plain, steps);
    const theirs = await observe(node, steps);
    expect(mine.answers).toBe(theirs.answers);
    expect(mine.error).toBe(theirs.error);
    expect(mine.seen).toEqual(theirs.seen);
    expect([mine.plain, theirs.plain]).toEqual([plainExpected, 0]);
    const waited = await observe(late, steps);
    expect([waited.answers, waited.error, waited.seen]).toEqual([theirs.answers, theirs.error, theirs.seen]);
  });
});

it("a caller that is gone is gone for both", () => {
  expect([plain.goneCount(), late.goneCount()]).toEqual([node.goneCount(), node.goneCount()]);
  expect(plain.goneCount()).toBeGreaterThan(3);
});

it("the head is node:http's, to the letter", async () => {
  const { answers: text } = await talk(plain.port, [call({ target: "/chunked-at-once" }), one]);
  const end = "Connection: keep-alive\r\nKeep-Alive: timeout=75\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nall~end~\r\n0\r\n\r\n";
  expect(text.startsWith("HTTP/1.1 200 OK\r\nx-request-id: req_1\r\n")).toBe(true);
  expect(text.endsWith(`Date: now\r\n${end}`)).toBe(true);
});
