// Which of a request's credentials count, and that those of our own never reach an identity provider.
import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { digestApiKey } from "../domain/api-key.ts";
import { contentOf, keyOf } from "../domain/fixtures/views.ts";
import { noLimits } from "../domain/limits.ts";
import { authenticate } from "./authenticate.ts";
import { SourceAddresses } from "./identity/source-address.ts";
import { TokenCallers } from "./identity/token-callers.ts";
import { Snapshot } from "./snapshot.ts";

const clock = createFakeClock();
const nowMs = clock.nowMs();

// Seeded keys may be any text of 16 characters.
const key = (id: string, changes: object) => keyOf({ id, digest: digestApiKey(`a seeded key: ${id}`), ...changes });
const snapshot = new Snapshot(
  contentOf({
    keys: [
      key("good", {}),
      key("expired", { expiresAtMs: nowMs }),
      key("new", { previousDigest: digestApiKey("a seeded key: old"), previousExpiresAtMs: nowMs }),
    ],
  }),
);

/** The key's id or the error's code, and what the provider was asked about. */
async function outcome(...names: string[]): Promise<[string | null, string[]]> {
  const asked: string[] = [];
  const callers = new TokenCallers({
    source: {
      mayKnow: () => true,
      async verify(token) {
        asked.push(token);
        return { kind: "unknown" };
      },
      seen: () => undefined,
    },
    addresses: new SourceAddresses([]),
    announced: null,
    defaultLimits: noLimits,
    clock,
  });
  const [bearer, ...others] = names.map((name) => `a seeded key: ${name}`);
  const headers = { authorization: `Bearer ${bearer}`, "x-api-key": others[0], "api-key": others[1] };
  const req = { headers, socket: { remoteAddress: "192.0.2.1" } } as unknown as IncomingMessage;
  try {
    return [(await authenticate(snapshot, callers, req, nowMs)).key?.id ?? null, asked];
  } catch (error) {
    return [(error as { code: string }).code, asked];
  }
}

test("a key of ours that has expired, or was rotated, is no provider's business", async () => {
  expect(await outcome("expired")).toEqual(["key_expired", []]);
  expect(await outcome("old")).toEqual(["invalid_key", []]);
  expect(await outcome("new")).toEqual(["new", []]);
});

test("a good key counts beside anything else, and what is beside it is not asked about", async () => {
  expect(await outcome("token", "expired", "good")).toEqual(["good", []]);
  expect(await outcome("token", "expired")).toEqual(["invalid_key", ["a seeded key: token"]]);
});
