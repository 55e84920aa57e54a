// What an administrator sets about a pool, and how the data plane's health of deployments is shown.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import type { LooseJson } from "../../../../test/support/loose-json.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import type { HealthBody } from "../../../api/models.ts";
import { unknownHealth } from "../context.ts";

let api: AdminApiUnderTest;
let provider: Provider;
/** What the data plane says, by deployment. */
let health: Map<string, HealthBody>;
beforeEach(async () => {
  health = new Map();
  api = await startAdminApi({ healthOf: (id) => health.get(id) ?? unknownHealth(id) });
  provider = await startProvider({ models: ["alpha", "beta"] });
  await register("one", 3);
  await register("two", 1);
});
afterEach(async () => {
  await api.close();
  await provider.close();
});

const register = async (name: string, weight: number) =>
  (await api.call("POST", "/endpoints", { name, url: `${provider.url}/v1`, weight })).body;
const model = async (name: string): Promise<LooseJson> =>
  (await api.call("GET", "/models")).body.data.find((found: LooseJson) => found.name === name);
const patch = async (name: string, body: object) => api.call("PATCH", `/models/${(await model(name)).id}`, body);
const shares = ({ deployments }: LooseJson) =>
  deployments.map(({ endpoint, weight, priority }: LooseJson) => `${endpoint} ${weight} ${priority}`);

describe("a pool", () => {
  it("takes a strategy, attempts, hedging and timeouts", async () => {
    const settings = {
      strategy: "affinity",
      max_attempts: 10,
      hedge: { extra_traffic: 0.2, min_delay: "0s" },
      timeouts: { connect: "1s" },
    };
    expect((await patch("alpha", settings)).body).toMatchObject({ kind: "pool", ...settings });
    expect(api.published.at(-1)).toBe("routing");
    expect(await model("beta")).toMatchObject({ strategy: "balanced", max_attempts: null, hedge: null, timeouts: {} });
  });

  it("takes groups and limits, and gives them up with null", async () => {
    expect(await model("alpha")).toMatchObject({ groups: null, limits: {} });
    const settings = { groups: ["physics", "grp_1"], limits: { requests_per_second: 5, requests_per_minute: 60 } };
    const set = await patch("alpha", { ...settings, groups: ["physics", "grp_1", "physics"] });
    expect(set.body).toMatchObject(settings);
    expect(api.published.at(-1)).toBe("routing");
    const fewer = await patch("alpha", { limits: { requests_per_second: null } });
    expect(fewer.body).toMatchObject({ groups: settings.groups, limits: { requests_per_minute: 60 } });
    expect(fewer.headers.get("etag")).not.toBe(set.headers.get("etag"));
    const cleared = await patch("alpha", { groups: null, limits: null });
    expect(cleared.body).toMatchObject({ groups: null, limits: {} });
    expect(await model("beta")).toMatchObject({ groups: null, limits: {} });
  });

  it("that a manifest declares is not removed here", async () => {
    const { id, deployments } = await model("alpha");
    await api.storage.deployments.update(deployments[0].id, { source: "manifest" });
    const refused = await api.call("DELETE", `/models/${id}`);
    expect([refused.status, refused.body.error.code]).toEqual([403, "not_allowed"]);
    expect((await model("alpha")).deployments.map(({ source }: LooseJson) => source)).toEqual(["manifest", "discovered"]);
  });

  it("takes weights and priorities for its deployments; the others have their endpoint's", async () => {
    expect(shares(await model("alpha"))).toEqual(["one 3 0", "two 1 0"]);
    const two = (await model("alpha")).deployments[1].id;
    const set = await patch("alpha", { targets: [{ deployment_id: two, weight: 9, priority: 1 }] });
    expect(shares(set.body)).toEqual(["one 3 0", "two 9 1"]);
    expect(shares(await model("beta"))).toEqual(["one 3 0", "two 1 0"]);
    const other = await patch("alpha", { targets: [{ endpoint: "one", model: "alpha", weight: 0 }] });
    expect(shares(other.body)).toEqual(["one 0 0", "two 1 0"]);
    for (const targets of [null, []]) {
      await patch("alpha", { targets: [{ deployment_id: two, weight: 9 }] });
      expect(shares((await patch("alpha", { targets })).body)).toEqual(["one 3 0", "two 1 0"]);
    }
  });

  it("takes them for nobody else's", async () => {
    const answer = await patch("alpha", {
      targets: [
        { endpoint: "one", model: "alpha" },
        { endpoint: "one", model: "beta" },
      ],
    });
    expect([answer.status, answer.body.error.field]).toEqual([422, "targets.1.model"]);
    expect(await api.storage.modelTargets.all()).toEqual([]);
  });

  it("forgets them with a deployment that leaves, by removal or by a new name", async () => {
    await patch("alpha", {
      targets: [
        { endpoint: "one", model: "alpha", weight: 7 },
        { endpoint: "two", model: "alpha", weight: 8 },
      ],
    });
    const [one] = (await api.call("GET", "/endpoints")).body.data;
    await api.call("PATCH", `/endpoints/${one.id}`, { aliases: { alpha: "a" } });
    await api.call("PATCH", `/endpoints/${one.id}`, { aliases: null });
    expect(shares(await model("alpha"))).toEqual(["one 3 0", "two 8 0"]);
    await api.call("DELETE", `/models/${(await model("alpha")).id}`);
    await api.call("POST", `/endpoints/${one.id}/models`, { model: "alpha" });
    expect(shares(await model("alpha"))).toEqual(["one 3 0"]);
    expect(await api.storage.modelTargets.all()).toEqual([]);
  });

  it("a change that changes nothing is none", async () => {
    await patch("alpha", { strategy: "priority", hedge: {} });
    const [before, version] = [await model("alpha"), await api.storage.meta.configVersion()];
    expect((await patch("alpha", { strategy: "priority", hedge: {}, name: "alpha" })).body).toEqual(before);
    expect(await api.storage.meta.configVersion()).toBe(version);
  });
});

it("health is the data plane's, wherever a deployment is shown, and not part of the ETag", async () => {
  const { id, deployments } = await model("alpha");
  const before = (await api.call("GET", `/models/${id}`)).headers.get("etag") as string;
  const benched: HealthBody = {
    status: "benched",
    cause: "5 failures in a row: upstream_timeout",
    since: "2026-01-01T00:00:00.000Z",
    until: "2026-01-01T00:00:05.000Z",
    latency_ms: 812.5,
    in_flight: 2,
    failure_ratio: 0.5,
  };
  health.set(deployments[0].id, benched);
  expect((await model("alpha")).deployments.map((shown: LooseJson) => shown.health)).toEqual([benched, unknownHealth("")]);
  const virtual = await api.call("POST", "/models", { name: "smart", targets: [{ endpoint: "one", model: "alpha" }] });
  expect(virtual.body.deployments[0].health).toEqual(benched);
  const read = await api.call("GET", `/models/${id}`);
  expect(read.headers.get("etag")).toBe(before);
  const changed = await api.call("PATCH", `/models/${id}`, { strategy: "weighted" }, { headers: { "if-match": before } });
  expect([changed.status, changed.body.deployments[0].health]).toEqual([200, benched]);
});
