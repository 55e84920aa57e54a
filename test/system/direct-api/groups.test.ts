// An entry that is for some groups only: for the others it is not there, in calls and in every listing alike.
import { beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { manifestEntry } from "../../support/manifest-server.ts";
import { globusPerson } from "../../support/mock-globus.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { type DirectGateway, startDirectGateway } from "./direct-gateway.ts";

let open: Provider;
let closed: Provider;
beforeEach(async () => {
  [open, closed] = await Promise.all([startProvider(), startProvider()]);
  return () => Promise.all([open.close(), closed.close()]);
});

const globusGroup = "0b0d7c1e-7bd2-11ef-8b5b-1f6d1c1d0001";

const restricted = (groups: string[]) => ({
  open: manifestEntry({ url: open.url, experts: ["open-model", "shared-model"] }),
  closed: manifestEntry({ url: closed.url, experts: ["closed-model", "shared-model"], model: "For some", groups }),
});

interface Seen {
  listed: string[];
  direct: string[];
  endpoints: string[];
  jobs: string[];
  total: number;
  closedStatus: number;
  closedCode: string | undefined;
}

/** All that the surface shows of models to one caller. */
async function seenBy({ chat, get }: DirectGateway, credential: string): Promise<Seen> {
  const headers = { authorization: `Bearer ${credential}` };
  const ids = ({ json }: { json: LooseJson }): string[] => json.data.map(({ id }: LooseJson) => id).sort();
  const jobs = (await get("/resource_server/metis/jobs", headers)).json;
  const call = await chat("closed-model", { headers });
  return {
    listed: ids(await get("/v1/models", headers)),
    direct: ids(await get("/resource_server/metis/api/v1/models", headers)),
    endpoints: (await get("/resource_server/list-endpoints", headers)).json.clusters.metis.frameworks.api.models,
    jobs: [...jobs.running, ...jobs.queued].map((job: LooseJson) => `${job.Models}: ${job["Model Status"]}`),
    total: jobs.cluster_status.total_models,
    closedStatus: call.status,
    closedCode: call.json.error?.code,
  };
}

const everything = ["closed-model", "open-model", "shared-model"];
const asMember: Seen = {
  listed: everything,
  direct: everything,
  endpoints: everything,
  jobs: ["open-model,shared-model: running", "closed-model,shared-model: running"],
  total: 3,
  closedStatus: 200,
  closedCode: undefined,
};
const some = ["open-model", "shared-model"];
const asStranger: Seen = {
  listed: some,
  direct: some,
  endpoints: some,
  jobs: ["open-model,shared-model: running"],
  total: 2,
  closedStatus: 404,
  closedCode: "model_not_found",
};

/** Of calls of the model that both entries have, none goes to the closed one. */
async function expectOpenOnly({ chat }: DirectGateway, credential: string): Promise<void> {
  const before = closed.calls.length;
  for (let call = 0; call < 20; call++) {
    expect((await chat("shared-model", { headers: { authorization: `Bearer ${credential}` } })).status).toBe(200);
  }
  // Not even when the open one fails.
  open.next({ kind: "answer", status: 500 }, { times: 3 });
  expect((await chat("shared-model", { headers: { authorization: `Bearer ${credential}` } })).status).toBe(500);
  expect(closed.calls).toHaveLength(before);
}

describe("case 27: `groups` of an entry, for Headgate keys", () => {
  let gateway: DirectGateway;
  let member: string;
  let stranger: string;
  beforeEach(async () => {
    gateway = await startDirectGateway({ manifest: restricted(["research"]) });
    const { headgate } = gateway;
    const group = (await headgate.admin("POST", "/groups", { name: "research" })).body;
    const other = (await headgate.admin("POST", "/groups", { name: "teaching", models: ["*"] })).body;
    member = await headgate.createKey({ name: "member", group_id: group.id });
    stranger = await headgate.createKey({ name: "stranger", group_id: other.id });
  });

  test("inside and outside of the group: calls, /v1/models, list-endpoints and jobs agree", async () => {
    expect(await seenBy(gateway, member)).toEqual(asMember);
    expect(await seenBy(gateway, stranger)).toEqual(asStranger);
    expect(await seenBy(gateway, await gateway.headgate.createKey({ name: "nobody's" }))).toEqual(asStranger);
    await expectOpenOnly(gateway, stranger);
  });

  test("a forbidden model and an unknown one get the same answer", async () => {
    const { chat, get } = gateway;
    const headers = { authorization: `Bearer ${stranger}` };
    const bare = ({ text, status }: { text: string; status: number }) => [
      status,
      text.replaceAll("closed-model", "unknown-model"),
    ];
    expect(bare(await chat("closed-model", { headers }))).toEqual(bare(await chat("unknown-model", { headers })));
    const path = "/resource_server/metis/api/v1/models";
    expect(bare(await get(`${path}/closed-model`, headers))).toEqual(bare(await get(`${path}/unknown-model`, headers)));
  });

  test("status, which needs nobody, tells only of what is open to everybody", async () => {
    const { serve, get } = gateway;
    expect((await get("/resource_server/status", {})).json).toEqual({ metis: true });
    const { open: openEntry, closed: closedEntry } = restricted(["research"]);
    await serve({ open: { ...openEntry, status: "Maintenance" }, closed: closedEntry });
    expect((await get("/resource_server/status", {})).json).toEqual({ metis: false });
    await serve({ closed: closedEntry });
    expect((await get("/resource_server/status", {})).json).toEqual({});
    expect((await get("/resource_server/list-endpoints", { authorization: `Bearer ${stranger}` })).json).toEqual({
      clusters: {},
    });
  });

  test("a restriction that the manifest adds or takes back holds from then on", async () => {
    const { serve } = gateway;
    const { open: openEntry, closed: closedEntry } = restricted(["research"]);
    await serve({ open: openEntry, closed: { ...closedEntry, groups: undefined } });
    expect(await seenBy(gateway, stranger)).toEqual(asMember);
    await serve({ open: openEntry, closed: { ...closedEntry, groups: ["teaching"] } });
    expect(await seenBy(gateway, stranger)).toEqual(asMember);
    expect(await seenBy(gateway, member)).toEqual(asStranger);
  });
});

describe("case 27: `groups` of an entry, for Globus users", () => {
  test("a member and a stranger see what they may; the group's name, which anybody may choose, opens nothing", async () => {
    const gateway = await startDirectGateway({ manifest: restricted([globusGroup]) });
    const { globus } = gateway;
    globus.tokens.set("member-token", globusPerson("m@uni.edu", { groups: [{ id: globusGroup, name: "G" }] }));
    globus.tokens.set("stranger-token", globusPerson("s@uni.edu", { groups: [{ id: "another", name: globusGroup }] }));
    globus.tokens.set("groupless-token", globusPerson("g@uni.edu"));
    for (let round = 0; round < 2; round++) {
      expect(await seenBy(gateway, "member-token")).toEqual(asMember);
      expect(await seenBy(gateway, "stranger-token")).toEqual(asStranger);
      expect(await seenBy(gateway, "groupless-token")).toEqual(asStranger);
      // again, when the database knows them
      await eventually(async () => (await gateway.headgate.admin("GET", "/users")).body.data.length === 3);
    }
    await expectOpenOnly(gateway, "stranger-token");
    const { user_group_uuids } = (await gateway.get("/resource_server/whoami", { authorization: "Bearer member-token" })).json;
    expect(user_group_uuids).toEqual([globusGroup]);
  });
});
