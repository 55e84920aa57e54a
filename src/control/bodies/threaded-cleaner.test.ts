// The thread says what this one would say, survives what it can't read, and is replaced when it ends.
import { existsSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { CapturedBody } from "../../domain/captured-bodies.ts";
import { cleanBody } from "./clean-body.ts";
import { ThreadedCleaner } from "./threaded-cleaner.ts";

/** As the test run compiles it. */
const compiled = new URL("../../../dist/bodies-worker.js", import.meta.url);

function body(text: string): CapturedBody {
  const bytes = Buffer.from(text);
  return { contentType: "text/plain", encoding: "", bytes, length: bytes.length };
}

const wanted = { secrets: ["known secret"], redact: new Set(["emails"] as const) };

test.skipIf(!existsSync(compiled))("what the thread says is what this one would say", async () => {
  const cleaner = new ThreadedCleaner(compiled);
  onTestFinished(() => cleaner.stop());
  const bodies = [body('{"a":"known secret of a@b.example"}'), body("sk-0123456789abcdef"), { ...body("x"), encoding: "gzip" }];
  const [here, there] = await Promise.all([
    Promise.all(bodies.map((one) => cleanBody(one, wanted))),
    Promise.all(bodies.map((one) => cleaner.clean(one, wanted))),
  ]);
  expect(there).toEqual(here);
  expect(there[0]).toEqual({ text: '{"a":"[credential] of [email]"}', isCut: false, kinds: ["credentials", "emails"] });
  await cleaner.stop();
  expect(await cleaner.clean(body("again"), wanted)).toMatchObject({ text: "again" });
});

test("a thread that can't start rejects what waits for it, and what comes later", async () => {
  const cleaner = new ThreadedCleaner(new URL("./no-such-thread.js", import.meta.url));
  for (const _twice of [1, 2]) await expect(cleaner.clean(body("x"), wanted)).rejects.toThrow();
});

test("a thread that does not come back from a body is ended, so that nobody waits for it for ever", async () => {
  const stuck = new URL(
    `data:text/javascript,import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { for (;;); });`,
  );
  const cleaner = new ThreadedCleaner(stuck, 200);
  for (const _twice of [1, 2]) await expect(cleaner.clean(body("x"), wanted)).rejects.toThrow("has ended");
  await cleaner.stop();
});
