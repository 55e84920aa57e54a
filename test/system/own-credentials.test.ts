// Credentials of Headgate's own, held out by mistake where callers' tokens go, reach no identity provider.
import { expect, onTestFinished, test } from "vitest";
import { startHeadgate } from "../support/headgate.ts";
import { startMockGlobus } from "../support/mock-globus.ts";

test("neither the administrator's token nor a seeded key is asked about, whatever has become of it", async () => {
  const globus = await startMockGlobus();
  onTestFinished(() => globus.stop());
  const seeded = "a-seeded-key-like-any-token";
  const headgate = await startHeadgate({
    config: { keys: [{ name: "seeded", key: seeded }] },
    env: {
      GLOBUS_APPLICATION_ID: globus.clientId,
      GLOBUS_APPLICATION_SECRET: globus.clientSecret,
      HEADGATE_GLOBUS_AUTH_URL: globus.url,
      HEADGATE_GLOBUS_GROUPS_URL: globus.url,
    },
  });
  onTestFinished(() => headgate.stop());
  const ask = async (token: string) => {
    const answer = await fetch(`${headgate.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } });
    return [answer.status, answer.headers.get("x-headgate-error-code")];
  };
  expect(await ask(headgate.adminToken)).toEqual([401, "invalid_key"]);
  expect(await ask(seeded)).toEqual([200, null]);
  const keys: { id: string; name: string }[] = (await headgate.admin("GET", "/keys")).body.data;
  const id = keys.find(({ name }) => name === "seeded")?.id;
  await headgate.admin("POST", `/keys/${id}/rotate`, { overlap_seconds: 1 });
  const after = await headgate.eventually(async () => ((await ask(seeded))[0] === 200 ? null : ask(seeded)));
  expect(after).toEqual([401, "invalid_key"]);
  expect(globus.requests).toEqual([]);
  expect(await ask("anybody-else's-token")).toEqual([401, "invalid_key"]);
  expect(globus.requests).toHaveLength(1);
});
