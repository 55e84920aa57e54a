// The copy of the snapshot on disk: what goes in comes out, and a file that this program did not write is as good as none.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { Cipher } from "../core/cipher.ts";
import type { Logger } from "../core/logger.ts";
import { Secret } from "../core/secret.ts";
import { groupOf } from "../domain/fixtures/views.ts";
import { noLimits } from "../domain/limits.ts";
import type { SnapshotContent } from "../domain/snapshot.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import { SnapshotFile, snapshotFileName } from "./snapshot-file.ts";

const canary = "sk-provider-canary";
const cipher = new Cipher("a secret key for tests, 32 characters");
const prices = {
  ...{ input: 1, cachedInput: 2, cacheWrite: 3, cacheWrite1h: 4, output: 5 },
  ...{ reasoning: 6, inputAudio: 7, cachedAudio: 8, outputAudio: 9 },
};

const content: SnapshotContent = {
  version: 7,
  builtAtMs: 1_735_689_600_000,
  keys: [],
  users: [],
  groups: [groupOf({ bodies: { retentionMs: 3_600_000, redact: ["emails"] } })],
  manifests: [{ id: "mft_1", name: "metis", hasLoaded: false, entries: [] }],
  endpoints: [
    {
      id: "ep_1",
      name: "one",
      publicName: "one",
      isDeclared: false,
      groups: ["g1"],
      baseUrl: "http://one.test/v1",
      dialect: "openai",
      credential: new Secret(canary),
      authHeaderName: "authorization",
      authHeaderPrefix: "Bearer ",
      headers: {},
      query: {},
      timeouts: defaultTimeouts,
      weight: 2,
      probe: { kind: "models", intervalMs: 30_000, timeoutMs: 10_000 },
      version: 3,
    },
  ],
  models: [
    {
      id: "mdl_1",
      name: "smart",
      kind: "virtual",
      createdAtMs: 1,
      strategy: "priority",
      maxAttempts: 2,
      hedge: { extraTrafficMax: 0.05, delayMinMs: 50 },
      timeouts: { idleMs: 5000 },
      groups: null,
      limits: { ...noLimits, requestsPerSecond: 3 },
      deployments: [
        {
          id: "dep_1",
          endpointId: "ep_1",
          upstreamModel: "alpha",
          status: "active",
          reason: null,
          sinceMs: 1,
          weight: 0,
          priority: 1,
          price: {
            version: "pv_1",
            prices,
            tiers: [{ aboveInputTokens: 1000, prices: { ...prices, input: 7 } }],
            requestNanoUsd: 5,
          },
        },
      ],
    },
  ],
};

let dataDir: string;
let remove: () => Promise<void>;
let logged: string[];
beforeEach(async () => {
  const directory = await temporaryDirectory();
  dataDir = directory.path;
  remove = directory.remove;
  logged = [];
});
afterEach(() => remove());

function snapshotFile(): SnapshotFile {
  const write = (_fields: object, message: string): void => void logged.push(message);
  const log: Logger = { debug: write, info: write, warn: write, error: write };
  return new SnapshotFile(dataDir, cipher, createFakeClock(), log);
}

async function written(): Promise<string> {
  const file = snapshotFile();
  file.save(() => content);
  await file.flush();
  return readFile(join(dataDir, snapshotFileName), "utf8");
}

test("what was saved is read, credentials included, and none of it is legible", async () => {
  const text = await written();
  // With its quotes, which base64 never has.
  expect(text).not.toContain('"smart"');
  const read = await snapshotFile().read();
  expect(read?.endpoints[0]?.credential?.expose()).toBe(canary);
  const withoutCredentials = (from: SnapshotContent | null) => JSON.stringify(from);
  expect(JSON.parse(withoutCredentials(read))).toEqual(JSON.parse(withoutCredentials(content)));
  expect(logged).toEqual([]);
});

test("closing writes what waits, and nothing that comes later", async () => {
  const clock = createFakeClock();
  const write = () => undefined;
  const file = new SnapshotFile(dataDir, cipher, clock, { debug: write, info: write, warn: write, error: write });
  file.save(() => content);
  await file.close();
  expect((await file.read())?.version).toBe(content.version);
  file.save(() => ({ ...content, version: content.version + 1 }));
  await clock.advance(60_000);
  expect(clock.pending).toBe(0);
  await file.flush();
  expect((await file.read())?.version).toBe(content.version);
});

test("a file of another version of the program is left aside", async () => {
  const [first = "", ...lines] = (await written()).split("\n");
  const head = JSON.parse(cipher.decrypt(first, "snapshot")) as { format: number };
  for (const format of [1, head.format + 1, undefined]) {
    const foreign = cipher.encrypt(JSON.stringify({ ...head, format }), "snapshot");
    await writeFile(join(dataDir, snapshotFileName), [foreign, ...lines].join("\n"));
    expect([format, await snapshotFile().read()]).toEqual([format, null]);
  }
  expect(logged).toEqual(Array.from({ length: 3 }, () => expect.stringContaining("another version")));
});

test("a damaged file is left aside, and so is one that is not there", async () => {
  expect(await snapshotFile().read()).toBeNull();
  expect(logged).toEqual([]);
  const text = await written();
  await writeFile(join(dataDir, snapshotFileName), text.slice(0, -4));
  expect(await snapshotFile().read()).toBeNull();
  expect(logged).toEqual([expect.stringContaining("can't be used")]);
});

test("lines of two writings make no file, nor do those that are left of one", async () => {
  const path = join(dataDir, snapshotFileName);
  const older = (await written()).trimEnd().split("\n");
  const newer = (await written()).trimEnd().split("\n");
  expect(newer.length).toBeGreaterThan(2);
  for (const lines of [[newer[0], ...older.slice(1)], newer.slice(0, -1), [...newer, older.at(-1)], newer.slice(1)]) {
    await writeFile(path, lines.join("\n"));
    expect(await snapshotFile().read()).toBeNull();
  }
  await writeFile(path, newer.join("\n"));
  expect((await snapshotFile().read())?.models).toHaveLength(1);
});

test("thousands of users are written while the event loop turns, and read again", async () => {
  const groupIds = Array.from({ length: 20 }, (_, n) => `grp_${String(n).padStart(32, "0")}`);
  const user = { name: "n", groupIds, assignedGroupIds: [], isDisabled: false, primaryGroupId: null, limits: null };
  const users = Array.from({ length: 4000 }, (_, n) => ({ ...user, id: `usr_${n}` }));
  const file = snapshotFile();
  file.save(() => ({ ...content, users }));
  let turns = 0;
  let isWritten = false;
  const writing = file.flush().then(() => {
    isWritten = true;
  });
  for (; !isWritten; turns++) await new Promise(setImmediate);
  await writing;
  expect(turns).toBeGreaterThan(20);
  expect((await snapshotFile().read())?.users).toEqual(users);
});
