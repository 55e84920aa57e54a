// Whose bodies each role reads and removes, what is written about it, and what the database holds of them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { settledAttempt } from "../../../../test/support/ledger-records.ts";
import { type Person, peopleOfAllRoles, person } from "../../../../test/support/people.ts";
import { roles } from "../../../domain/policy.ts";
import { requestBodyRow } from "../../../storage/rows.contract.ts";
import { bodyContext } from "../../bodies/seal-bodies.ts";

let api: AdminApiUnderTest;
let people: Person[];
let colleague: Person;
let groupId: string;
beforeAll(async () => {
  api = await startAdminApi();
  people = await peopleOfAllRoles(api);
  colleague = await person(api, "member", "a colleague");
  groupId = (await api.call("POST", "/groups", { name: "lab" })).body.id;
  for (const { id } of [...people, colleague]) await api.call("PUT", `/groups/${groupId}/members/${id}`);
});
afterAll(() => api.close());

let made = 0;
async function kept(userId: string | null): Promise<string> {
  const id = `req_bodies_${++made}`;
  await api.storage.ledger.ingest([settledAttempt({ requestId: id, userId, groupId })]);
  const seal = (side: "request" | "response") => api.cipher.encrypt(`${side} of ${id}`, bodyContext(id, side));
  const texts = { request_body: seal("request"), response_body: seal("response"), response_truncated: 1 };
  await api.storage.requestBodies.insert([
    requestBodyRow({ request_id: id, user_id: userId, group_id: groupId, ...texts, redacted: '["emails"]' }),
  ]);
  return id;
}

const entriesOf = async (id: string) => {
  const { body } = await api.call("GET", "/audit?limit=1000");
  return body.data.filter(({ resource }: { resource: { id: string | null } }) => resource.id === id);
};

describe.each(roles)("%s", (role) => {
  const self = () => people.find((each) => each.role === role) as Person;
  const readsAll = role === "administrator" || role === "auditor";

  it("reads their own, of which nothing is written", async () => {
    const id = await kept(self().id);
    const { status, body } = await self().call("GET", `/requests/${id}/bodies`);
    expect(status).toBe(200);
    expect(body).toEqual({
      request: { content_type: "application/json", text: `request of ${id}`, bytes: 4, truncated: false },
      response: { content_type: "text/event-stream", text: `response of ${id}`, bytes: 8, truncated: true },
      redacted: ["emails"],
      expires_at: "2030-03-17T17:46:40.000Z",
    });
    expect(await entriesOf(id)).toEqual([]);
  });

  it("reads what others of their groups have sent only as an administrator or auditor, who leave an entry", async () => {
    for (const userId of [colleague.id, null]) {
      const id = await kept(userId);
      const { status, text } = await self().call("GET", `/requests/${id}/bodies`);
      expect(status).toBe(readsAll ? 200 : 404);
      expect(text.includes(`request of ${id}`)).toBe(readsAll);
      const entries = await entriesOf(id);
      expect(entries.map(({ action }: { action: string }) => action)).toEqual(readsAll ? ["request.read_bodies"] : []);
      expect(JSON.stringify(entries)).not.toContain(`request of ${id}`);
    }
  });

  it("removes their own, and those of others as an administrator alone", async () => {
    const [own, other] = [await kept(self().id), await kept(colleague.id)];
    const mayOwn = role === "auditor" ? 403 : 204;
    expect((await self().call("DELETE", `/requests/${own}/bodies`)).status).toBe(mayOwn);
    const mayOther = role === "auditor" ? 403 : role === "administrator" ? 204 : 404;
    expect((await self().call("DELETE", `/requests/${other}/bodies`)).status).toBe(mayOther);
    expect((await api.storage.requestBodies.get(own, 0)) === null).toBe(mayOwn === 204);
    expect((await api.storage.requestBodies.get(other, 0)) === null).toBe(mayOther === 204);
    const actions = [...(await entriesOf(own)), ...(await entriesOf(other))].map(({ action }) => action);
    expect(actions).toEqual([mayOwn, mayOther].filter((status) => status === 204).map(() => "request.delete_bodies"));
  });
});

it("a request says whether its bodies are kept", async () => {
  const id = await kept(null);
  expect((await api.call("GET", `/requests/${id}`)).body.bodies_kept).toBe(true);
  await api.storage.requestBodies.delete(id);
  expect((await api.call("GET", `/requests/${id}`)).body.bodies_kept).toBe(false);
  expect((await api.call("GET", `/requests/${id}/bodies`)).body.error.code).toBe("not_found");
});

it("a member switches bodies on for their own keys, not for others'", async () => {
  const member = people.find((each) => each.role === "member") as Person;
  const own = (await member.call("POST", "/keys", { name: "own", bodies: { retention: "1d" } })).body;
  expect(own.bodies).toEqual({ retention: "1d", redact: [] });
  const changed = await member.call("PATCH", `/keys/${own.id}`, { bodies: { redact: ["content"] } });
  expect(changed.body.bodies).toEqual({ retention: "1d", redact: ["content"] });
  const other = (await colleague.call("POST", "/keys", { name: "other" })).body;
  expect((await member.call("PATCH", `/keys/${other.id}`, { bodies: {} })).status).toBe(404);
  expect((await member.call("PATCH", `/groups/${groupId}`, { bodies: {} })).status).toBe(403);
});
