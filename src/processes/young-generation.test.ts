// A program that makes much while it starts stays small, and has room for its calls afterwards; without flags on the command line.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const built = new URL("../../compiled/processes/young-generation.js", import.meta.url).href;

interface Megabytes {
  started: number;
  served: number;
  /** After V8 has made all of the heap as small as it can, as it does when nothing is to do. */
  rested: number;
  servedAgain: number;
}

/** MB of the young generation after the start, and after what comes then; both make far more than the bound. */
async function grownTo(how: string, nodeFlags: readonly string[] = []): Promise<Megabytes> {
  const program = `
    import { Session } from "node:inspector/promises";
    import { getHeapSpaceStatistics } from "node:v8";
    import { growForCalls, startSmall } from ${JSON.stringify(built)};
    const megabytes = () => getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size / 2 ** 20;
    const kept = [];
    const make = async () => {
      for (let turn = 0; turn < 100; turn++) {
        for (let index = 0; index < 10_000; index++) kept.push({ index });
        if (kept.length > 200_000) kept.splice(0, 100_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    ${how === "held" ? "startSmall();" : ""}
    await make();
    const started = megabytes();
    ${how === "held" ? "growForCalls();" : ""}
    await make();
    const served = megabytes();
    const session = new Session();
    session.connect();
    await session.post("HeapProfiler.collectGarbage");
    const rested = megabytes();
    session.disconnect();
    await make();
    console.log(JSON.stringify({ started, served, rested, servedAgain: megabytes() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeFlags, "--input-type=module", "-e", program], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  return JSON.parse(stdout);
}

/** Two halves of 8 MB, of which a few pages may be missing or be there for the moment; V8's own bound is two of 16. */
const isBounded = (megabytes: number) => megabytes > 12 && megabytes < 20;

test("starting leaves it as it is, serving has 8 MB for new objects and no more", async () => {
  const { started, served } = await grownTo("held");
  expect(started).toBeLessThan(8);
  expect(isBounded(served)).toBe(true);
});

test("serving after a rest, it has them again", async () => {
  const { rested, servedAgain } = await grownTo("held");
  expect(rested).toBeLessThan(8);
  expect(isBounded(servedAgain)).toBe(true);
});

test("without, it grows to four times that: what the test makes is enough", async () => {
  expect((await grownTo("as it is")).started).toBeGreaterThan(16);
});

test("who has set a bound keeps it", async () => {
  expect((await grownTo("held", ["--max-semi-space-size=16", "--min-semi-space-size=16"])).served).toBe(32);
});
