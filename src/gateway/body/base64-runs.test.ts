// What is no text is told from text, however its bytes are cut.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Base64Runs, dataUrlBytes } from "./base64-runs.ts";
import { cutBytes, cuts } from "./fixtures/cut-bytes.ts";

const words = "The quick brown fox jumps over the lazy dog; then it rests. ";
const picture = randomBytes(75_000).toString("base64");

function runsIn(text: string, where: Parameters<typeof cutBytes>[1] = []): number {
  const runs = new Base64Runs();
  for (const chunk of cutBytes(Buffer.from(text), where)) runs.push(chunk);
  return runs.bytes;
}

test("pictures are found to within a few bytes, among text, one behind the other, and at the end", () => {
  const length = picture.length;
  for (const [text, expected] of [
    [picture, length],
    [`{"a":"${words.repeat(9)}","data":"${picture}"}`, length],
    [`{"data":"${picture}","text":"${words.repeat(9)}","data":"${picture}"}`, 2 * length],
    [`{"data":"${picture.replaceAll("/", "\\/").replace(/.{76}/g, "$&\\n")}"}`, length * 1.04],
  ] as const) {
    expect(Math.abs(runsIn(text) - expected)).toBeLessThan(0.02 * expected);
  }
});

test("text in any language, code, JSON and short hashes are none", () => {
  for (const text of [
    words.repeat(2000),
    "汉字是记录汉语的文字。".repeat(2000),
    JSON.stringify({ a: [1, 2, { b: "c" }] }).repeat(2000),
    JSON.stringify(Array.from({ length: 500 }, () => randomBytes(32).toString("hex"))),
    "if(a){b(c);d=e[f]}".repeat(2000),
  ]) {
    expect(runsIn(text), text.slice(0, 30)).toBe(0);
  }
});

test("the count does not depend on where the bytes are cut", () => {
  const text = `${words}${picture.slice(0, 3000)} ${words}${picture.slice(0, 2000)} ${picture.slice(0, 2100)}`;
  const whole = runsIn(text);
  expect(whole).toBeGreaterThan(4000);
  fc.assert(
    fc.property(cuts, (where) => {
      expect(runsIn(text, where)).toBe(whole);
    }),
  );
});

test("the data of long URLs in a text is counted, that of short ones is not", () => {
  const count = (text: string) => dataUrlBytes(Buffer.from(text), 0, Buffer.byteLength(text));
  const long = picture.slice(0, 40_000);
  expect(count(`![a](data:image/png;base64,${long}) and ![b](data:image/png;base64,${long})`)).toBe(80_000);
  expect(count(`${words.repeat(99)} data:image/png;base64,iVBORw0KGgo=`)).toBe(0);
  expect(count(`${words.repeat(99)}${long}`)).toBe(0);
  expect(count(`;base64,${";base64,".repeat(1000)}`)).toBe(0);
});
