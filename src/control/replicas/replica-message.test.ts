// Words of other replicas are believed as far as they can be read, and no further.
import { expect, test } from "vitest";
import { readMessage } from "./replica-message.ts";

test.each([
  { kind: "config", version: 7 },
  { kind: "topics", from: "p_1", topics: ["keys", "usage"] },
  { kind: "probes", from: "p_1", results: [["dep_1", true, "models: ok"]] },
  { kind: "manifests", from: "p_1" },
  { kind: "leases", from: "p_1" },
])("%j is read as it was said", (message) => {
  expect(readMessage(JSON.stringify(message))).toEqual(message);
});

test.each(["", "null", "7", "[]", "{", '{"kind":"config","version":"7"}', '{"kind":"leases"}', '{"kind":"other","from":"p_1"}'])(
  "%s is nothing",
  (text) => {
    expect(readMessage(text)).toBeNull();
  },
);

test("what a newer version says beside what is known is left out", () => {
  expect(readMessage('{"kind":"topics","from":"p_1","topics":["keys","weather",3]}')).toMatchObject({ topics: ["keys"] });
  const probes = '{"kind":"probes","from":"p_1","results":[["dep_1",true,"ok"],["dep_2","yes"],7]}';
  expect(readMessage(probes)).toMatchObject({ results: [["dep_1", true, "ok"]] });
});
