// Snapshots and patches that cross to another process: the same in every field there, and made of nothing that can't cross.
import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { Secret } from "../core/secret.ts";
import { endpointOf, groupOf, keyOf, modelOf, targetOf } from "../domain/fixtures/views.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import {
  decodeContent,
  decodeContentInTurns,
  decodePatch,
  decodePatchInTurns,
  type EncodedContent,
  type EncodedPatch,
  encodeContent,
  encodePatch,
} from "./snapshot-codec.ts";

const canary = "sk-provider-canary";
const prices = {
  ...{ input: 1, cachedInput: 2, cacheWrite: 3, cacheWrite1h: 4, output: 5 },
  ...{ reasoning: 6, inputAudio: 7, cachedAudio: 8, outputAudio: 9 },
};
const limits = {
  ...{ requestsPerSecond: 1.5, requestsPerMinute: null, tokensPerMinute: 1e9, concurrentRequests: 0 },
  budget: { limitNanoUsd: 5e9, period: "month" as const, timeZone: "Europe/Berlin", unpriced: "deny" as const },
};
const user = {
  ...{ id: "usr_1", name: "Zoë", groupIds: ["g1", "g2"], assignedGroupIds: ["g2"], isDisabled: true, primaryGroupId: "g1" },
  limits,
};

const content: SnapshotContent = {
  version: 7,
  builtAtMs: 1_735_689_600_000,
  keys: [
    ...Array.from({ length: 450 }, (_, index) => keyOf({ id: `key_${index}` })),
    keyOf({
      ...{
        id: "key_all",
        previousDigest: "before",
        previousExpiresAtMs: 5,
        userId: "usr_1",
        models: ["a*"],
        expiresAtMs: 9,
        limits,
      },
      bodies: { retentionMs: 3_600_000, redact: ["emails"] },
    }),
  ],
  users: [user, { ...user, id: "usr_2", limits: null, primaryGroupId: null }],
  groups: [groupOf({ bodies: { retentionMs: 3_600_000, redact: ["emails", "content"] } })],
  endpoints: [
    endpointOf({
      ...{ id: "ep_1", credential: new Secret(canary), groups: ["g1"], headers: { "x-a": "1" }, query: { v: "2" } },
      probe: { kind: "models", intervalMs: 30_000, timeoutMs: 10_000 },
    }),
    endpointOf({ id: "ep_2" }),
  ],
  models: [
    modelOf({
      ...{ name: "smart", kind: "virtual", strategy: "priority", maxAttempts: 2, limits, groups: ["g1"] },
      ...{ hedge: { extraTrafficMax: 0.05, delayMinMs: 50 }, timeouts: { idleMs: 5000 } },
      deployments: [
        targetOf({
          ...{ status: "offline", reason: "quota" },
          price: {
            version: "pv_1",
            prices,
            tiers: [{ aboveInputTokens: 1000, prices: { ...prices, input: 7 } }],
            requestNanoUsd: 5,
          },
        }),
      ],
    }),
  ],
  manifests: [
    {
      ...{ id: "mft_1", name: "metis", hasLoaded: true },
      entries: [{ endpointId: "ep_1", model: "smart", description: "", modelVersion: "1", status: "live", experts: ["a"] }],
    },
  ],
};
const { version, endpoints, models, manifests } = content;
const patches: SnapshotPatch[] = [
  { part: "key", version, id: "key_all", key: content.keys.at(-1) ?? null },
  { part: "key", version, id: "key_gone", key: null },
  { part: "users", version, users: content.users, groups: null },
  { part: "users", version, users: [], groups: content.groups },
  { part: "routing", version, endpoints, models, manifests },
  { part: "routing", version, endpoints: [], models: [], manifests: [] },
];

/** As the channel does. */
function cross<Value>(value: Value): Value {
  return deserialize(serialize(value)) as Value;
}

/** Secrets are equal to each other for `toEqual`, whatever they hold. */
function exposed(part: SnapshotContent | SnapshotPatch): unknown {
  if (!("endpoints" in part)) return part;
  return { ...part, endpoints: part.endpoints.map((each) => ({ ...each, credential: each.credential?.expose() ?? null })) };
}

/** Throws at what would cross as something else: instances of classes, functions, getters. */
function expectPlain(value: unknown): void {
  if (value === null || ["string", "number", "boolean"].includes(typeof value) || Buffer.isBuffer(value)) return;
  expect(typeof value).toBe("object");
  expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(value));
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(value as object))) {
    expect([name, "value" in property]).toEqual([name, true]);
    expectPlain(property.value);
  }
}

test("a snapshot is the same on the other side, at once and in turns, credentials and all", async () => {
  const encoded = encodeContent(content);
  expectPlain(encoded);
  for (const piece of encoded.pieces) expectPlain(deserialize(piece));
  for (const decoded of [decodeContent(cross(encoded)), await decodeContentInTurns(cross(encoded))]) {
    expect(exposed(decoded)).toStrictEqual(exposed(content));
    expect(decoded.endpoints[0]?.credential).toBeInstanceOf(Secret);
    expect(JSON.stringify(decoded)).not.toContain(canary);
  }
});

test("so is every kind of patch", async () => {
  for (const patch of patches) {
    const encoded = encodePatch(patch);
    expectPlain(encoded);
    expect(exposed(decodePatch(cross(encoded)))).toStrictEqual(exposed(patch));
    expect(exposed(await decodePatchInTurns(cross(encoded)))).toStrictEqual(exposed(patch));
  }
});

test("ten thousand keys are read in many turns", async () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => keyOf({ id: `key_${index}` }));
  const encoded = encodeContent({ ...content, keys });
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const decoded = await decodeContentInTurns(encoded);
  isDone = true;
  expect(decoded.keys).toStrictEqual(keys);
  expect(turns).toBeGreaterThanOrEqual(50);
});

test("an empty snapshot crosses as well", () => {
  const empty: SnapshotContent = {
    version: 0,
    builtAtMs: 0,
    keys: [],
    users: [],
    groups: [],
    endpoints: [],
    models: [],
    manifests: [],
  };
  const encoded: EncodedContent = cross(encodeContent(empty));
  expect(decodeContent(encoded)).toStrictEqual(empty);
  const patch: EncodedPatch = cross(encodePatch({ part: "users", version: 1, users: [], groups: [] }));
  expect(decodePatch(patch)).toStrictEqual({ part: "users", version: 1, users: [], groups: [] });
});
