// Whatever bytes come, cut anywhere: a plain connection makes of them what node:http makes of them, or leaves them to it.
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cutBytes, cuts } from "../body/fixtures/cut-bytes.ts";
import { closeAll, type ListenerUnderTest, openBoth, openListener } from "./fixtures/both-listeners.ts";
import { callBytes, calls, mutations } from "./fixtures/call.arbitrary.ts";
import { talk } from "./fixtures/talk.ts";

/** Thousands of connections, one after the other: a quarter of a minute on a machine that is idle. */
const timeoutMs = 300_000;

let plain: ListenerUnderTest;
let node: ListenerUnderTest;
/** Plain, and each request has to wait for its turn. */
let late: ListenerUnderTest;
beforeAll(async () => {
  [plain, node] = await openBoth();
  late = await openListener(true, { haveToWait: true });
});
afterAll(() => closeAll([plain, node, late]));

/**
 * node:http's own answer to a request without a host ends the connection. Whether what stands behind the request is refused
 * as well, in vain, depends on how its bytes reach it.
 */
const ownRefusal = /^(.*?HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n.*?\r\n\r\n0\r\n\r\n).*$/s;

/** What the gateway and the caller see of `pieces`, behind which the caller says no more. */
async function observe(listener: ListenerUnderTest, pieces: readonly Buffer[]) {
  const [seenBefore, plainBefore] = [listener.seen.length, listener.plainCount()];
  const { answers, error } = await talk(listener.port, [...pieces, "FIN"]);
  return {
    answers: answers.replace(ownRefusal, "$1"),
    error,
    seen: listener.seen.slice(seenBefore),
    plain: listener.plainCount() - plainBefore,
  };
}

async function expectTheSame(pieces: readonly Buffer[]): Promise<number> {
  const { plain: plainCount, ...mine } = await observe(plain, pieces);
  const { plain: none, ...theirs } = await observe(node, pieces);
  expect(mine, JSON.stringify(Buffer.concat(pieces).toString("latin1"))).toEqual(theirs);
  expect(none).toBe(0);
  const { plain: _, ...waited } = await observe(late, pieces);
  expect(waited).toEqual(theirs);
  return plainCount;
}

it("reads valid calls as node:http does", { timeout: timeoutMs }, async () => {
  let plainCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 3 }), cuts, fc.boolean(), async (some, where, isCut) => {
      // A call that is not cut comes in one piece; each with a write of its own.
      const bytes = some.map(callBytes);
      const last = bytes.pop() as Buffer;
      const pieces = isCut && where !== "everywhere" ? cutBytes(last, where).filter(({ length }) => length > 0) : [last];
      plainCount += await expectTheSame([...bytes, ...pieces]);
    }),
    { numRuns: 250 },
  );
  expect(plainCount).toBeGreaterThan(100);
});

it("takes nothing in another way than node:http, whatever is wrong with it", { timeout: timeoutMs }, async () => {
  let plainCount = 0;
  let others = 0;
  await fc.assert(
    fc.asyncProperty(calls, mutations, fc.boolean(), async (one, mutate, isAfterAnother) => {
      const wrong = mutate(callBytes(one));
      const count = await expectTheSame(isAfterAnother ? [callBytes(one), wrong] : [wrong]);
      if (count > (isAfterAnother ? 1 : 0)) plainCount++;
      else others++;
    }),
    { numRuns: 1500 },
  );
  expect(plainCount).toBeGreaterThan(100);
  expect(others).toBeGreaterThan(100);
});
