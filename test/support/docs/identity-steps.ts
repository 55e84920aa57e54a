// docs/identity.md as it is followed: a real OpenID provider stands in for both identity providers, the reader's machine for the proxy.
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import type { LooseJson } from "../loose-json.ts";
import { startOidcIssuer } from "../oidc-issuer.ts";
import { type Expected, type Followed, type Reader, settings } from "./reader.ts";

/** `account`: with the model provider. */
export async function identitySteps(reader: Reader, account: { url: string; key: string }): Promise<Followed> {
  const issuer = await startOidcIssuer();
  issuer.claims.set("ada", { name: "Ada", email: "ada@example.org", username: "ada", groups: ["chemistry"] });
  const token = await issuer.jwt("ada");
  const opaqueToken = await issuer.opaque("ada", { audience: "headgate", scope: "inference" });
  const { clientId, clientSecret } = issuer.introspector;
  /** Of the OpenID provider, among those of all sources. */
  const ofIssuer = (list: LooseJson): LooseJson => list.data.find(({ source }: LooseJson) => source === issuer.url);
  reader.substitutions.push(
    ["https://login.example.org", () => issuer.url],
    ["https://sso.example.org/oauth2/introspect", () => issuer.introspectionUrl],
    ["client_id: headgate", () => `client_id: ${clientId}`],
    ["10.0.0.5", () => "127.0.0.1"],
    ['OPENAI_API_KEY="sk-…"', () => `OPENAI_API_KEY="${account.key}"`],
    ['INTROSPECTION_SECRET="…"', () => `INTROSPECTION_SECRET="${clientSecret}"`],
    ["export TOKEN=…", () => `export TOKEN=${token}`],
    ["export OPAQUE_TOKEN=…", () => `export OPAQUE_TOKEN=${opaqueToken}`],
  );
  const models = ({ json }: { json: LooseJson }) => json.data.map(({ id }: LooseJson) => id);

  const expected: Expected[] = [
    { has: "npm start", instead: async (command) => void (await reader.serve(command)) },
    settings("HEADGATE="),
    settings("TOKEN="),
    settings("OPAQUE_TOKEN="),
    { has: "/whoami", shows: ({ json }) => expect(json).toMatchObject({ id: "ada", name: "Ada", auth_service: "oidc" }) },
    { has: "/whoami", shows: ({ json }) => expect(json).toMatchObject({ id: "ada", auth_service: "introspection" }) },
    { has: "/v1/models", shows: (answer) => expect(models(answer)).toEqual(["gpt-4o", "gpt-4o-mini"]) },
    { has: "/chat/completions", shows: ({ json }) => expect(json.choices).toHaveLength(1) },
    {
      has: "x-forwarded-email",
      shows({ json }) {
        expect(json).toMatchObject({ id: "ada@example.org", auth_service: "proxy" });
        expect(json.user_group_uuids.sort()).toEqual(["chemistry", "staff"]);
      },
    },
    settings("ADMIN="),
    settings("ADMIN_TOKEN="),
    {
      has: "/users",
      before: async () => void (await eventually(async () => (await reader.admin("/users")).data.length === 3)),
      shows({ json }) {
        const { id, groups } = ofIssuer(json);
        expect(groups).toMatchObject([{ name: expect.stringContaining("chemistry"), source: issuer.url }]);
        reader.substitutions.unshift(["usr_…", () => id]);
      },
    },
    {
      has: "/groups",
      before: async () => void (await eventually(async () => (await reader.admin("/groups")).data.length === 5)),
      shows({ json }) {
        expect(json.data).toHaveLength(5); // with everyone, and staff of the proxy
        const { id, external_id, models } = ofIssuer(json);
        expect([external_id, models]).toEqual(["chemistry", []]);
        reader.substitutions.unshift(["grp_…", () => id]);
      },
    },
    { has: "/groups/grp_everyone", shows: ({ json }) => expect(json.models).toEqual(["gpt-4o-mini"]) },
    { has: "/models/gpt-4o", status: 204 },
    { has: "/v1/models", shows: (answer) => expect(models(answer)).toEqual(["gpt-4o", "gpt-4o-mini"]) },
    {
      has: "/keys",
      status: 201,
      async shows() {
        // the other provider's chemistry is another group
        const answer = await fetch(`${reader.url}/v1/models`, { headers: { authorization: `Bearer ${opaqueToken}` } });
        expect(models({ json: await answer.json() })).toEqual(["gpt-4o-mini"]);
      },
    },
    { has: "/v1/models", shows: (answer) => expect(models(answer)).toEqual(["gpt-4o"]) },
    {
      has: "/explain",
      shows: ({ json }) => expect(json).toMatchObject({ access: { allowed: true }, decision: { outcome: "attempt" } }),
    },
    { has: "/users/usr_…", shows: ({ json }) => expect(json).toMatchObject({ name: "Ada", limits: { requests_per_second: 5 } }) },
    {
      has: "not-a-token",
      status: 401,
      shows({ json, headers }) {
        expect(json.error.code).toBe("invalid_key");
        expect(headers["www-authenticate"]).toBe("Bearer");
      },
    },
    { has: "no-such-model", status: 404, shows: ({ json }) => expect(json.error.code).toBe("model_not_found") },
  ];
  return { expected, close: () => issuer.stop() };
}
