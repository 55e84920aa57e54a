// Who may prove to be whom: identity providers of the file, Globus by its variables, and the rules that must not get lost unnoticed.
import { describe, expect, test } from "vitest";
import { ConfigFolder, type Variables } from "./fixtures/config-folder.ts";
import { sectionTexts } from "./section-texts.ts";

const application = { GLOBUS_APPLICATION_ID: "app-id", GLOBUS_APPLICATION_SECRET: "canary-secret" };

function globus(env: Variables) {
  const { config, warnings } = new ConfigFolder().load({ ...application, ...env });
  return { ...config.identity.globus, warnings };
}

function globusProblems(env: Variables, yaml?: string): readonly string[] {
  return new ConfigFolder(yaml).problems({ ...application, ...env });
}

describe("Globus", () => {
  test("is set up by id and secret; all rules come out as lists", () => {
    const env = {
      GLOBUS_POLICIES: '"p1;p2"',
      GLOBUS_GROUPS: "g1 g2",
      AUTHORIZED_IDP_DOMAINS: "UNI.edu, lab.gov uni.EDU",
      AUTHORIZED_GROUPS_PER_IDP: '{"Uni.edu": "g1, g2", "lab.gov": ["g3"]}',
      AUTHORIZED_GLOBUS_SERVICE_USERNAMES: '["robot@clients.auth.globus.org"]',
    };
    const { clientSecret, ...rest } = globus(env);
    expect(clientSecret?.expose()).toBe("canary-secret");
    expect(rest).toEqual({
      clientId: "app-id",
      authUrl: "https://auth.globus.org",
      groupsUrl: "https://groups.api.globus.org",
      policies: ["p1", "p2"],
      groups: ["g1", "g2"],
      domains: ["uni.edu", "lab.gov"],
      groupsByDomain: new Map([
        ["uni.edu", ["g1", "g2"]],
        ["lab.gov", ["g3"]],
      ]),
      serviceUsernames: ["robot@clients.auth.globus.org"],
      warnings: [],
    });
  });

  test("elsewhere than at Globus, its URLs lose the slash at the end", () => {
    const env = {
      HEADGATE_GLOBUS_AUTH_URL: "http://127.0.0.1:9/",
      HEADGATE_GLOBUS_GROUPS_URL: "https://groups.example.org/base/",
      GLOBUS_GROUPS: "g1",
    };
    expect(globus(env)).toMatchObject({
      authUrl: "http://127.0.0.1:9",
      groupsUrl: "https://groups.example.org/base",
      warnings: [],
    });
    expect(globus({ ...env, HEADGATE_GLOBUS_AUTH_URL: "http://auth.example.org" }).warnings.join()).toMatch(
      /^HEADGATE_GLOBUS_AUTH_URL: plain http to auth\.example\.org/,
    );
    expect(globusProblems({ HEADGATE_GLOBUS_AUTH_URL: "https://canary@auth.example.org" })).toEqual([
      "HEADGATE_GLOBUS_AUTH_URL: must be an http or https URL without user name, query or fragment",
    ]);
  });

  test.each([
    ["spaces", "g1 g2"],
    ["commas", "g1,g2"],
    ["commas and spaces", " g1 , g2,"],
    ["semicolons", "g1;g2"],
    ["newlines", "g1\n  g2\n"],
    ["a JSON list", '["g1", "g2"]'],
    ["quotes around it", "'g1, g2'"],
    ["repetitions", "g1 g2 g1"],
  ])("a list may be written with %s", (_, list) => {
    expect(globus({ GLOBUS_GROUPS: list }).groups).toEqual(["g1", "g2"]);
    const perIdp = JSON.stringify({ "uni.edu": list.replace(/^'|'$/g, "") });
    expect(globus({ GLOBUS_GROUPS: "g1", AUTHORIZED_GROUPS_PER_IDP: perIdp }).groupsByDomain?.get("uni.edu")).toEqual([
      "g1",
      "g2",
    ]);
  });

  test("lists of a .env file may go over several lines", () => {
    const folder = new ConfigFolder();
    folder.write(".env", 'GLOBUS_GROUPS="g1\n  g2"\nAUTHORIZED_GROUPS_PER_IDP=\'{\n  "uni.edu": "g9"\n}\'\n');
    const config = folder.load(application).config.identity.globus;
    expect(config?.groups).toEqual(["g1", "g2"]);
    expect(config?.groupsByDomain).toEqual(new Map([["uni.edu", ["g9"]]]));
  });

  test.each([
    ["GLOBUS_GROUPS", '["g1"', "begins like a JSON list, but is none"],
    ["GLOBUS_GROUPS", "[1]", "element 1 must be text"],
    ["GLOBUS_GROUPS", 'g1,"g2"', "element 2 must be one word without quotes or brackets"],
    ["GLOBUS_GROUPS", ",;", "holds nothing"],
    ["AUTHORIZED_IDP_DOMAINS", "uni.edu @lab.gov", "element 2 must be a domain such as uni.edu, without '@'"],
    ["AUTHORIZED_IDP_DOMAINS", "someone@canary.edu", "element 1 must be a domain such as uni.edu, without '@'"],
    ["AUTHORIZED_GROUPS_PER_IDP", "uni.edu:g1", /^must be a JSON object of domain to groups, but it is not JSON/],
    ["AUTHORIZED_GROUPS_PER_IDP", '["uni.edu"]', "must be a JSON object of domain to groups"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"uni.edu": 1}', "'uni.edu' must have a text or a list of groups"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"uni.edu": []}', "'uni.edu': holds no group"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"uni.edu": ""}', "'uni.edu': holds nothing"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"uni.edu": "g1", "UNI.EDU": "g2"}', "'UNI.EDU' is there twice"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"uni.edu": "g1", "uni.edu": "g2"}', "'uni.edu' is there twice"],
    ["AUTHORIZED_GROUPS_PER_IDP", '{"@uni.edu": "g1"}', "'@uni.edu' must be a domain such as uni.edu, without '@'"],
    ["AUTHORIZED_GLOBUS_SERVICE_USERNAMES", "{}", "element 1 must be one word without quotes or brackets"],
    ["GLOBUS_APPLICATION_ID", "a:b", "must not contain ':'"],
    ["GLOBUS_APPLICATION_SECRET", "canary\ncanary", "must not contain newlines or other control characters"],
  ])("a rule that can't be understood stops the start: %s=%s", (name, value, problem) => {
    const [line, ...others] = globusProblems({ [name]: value });
    expect(others).toEqual([]);
    if (typeof problem === "string") expect(line).toBe(`${name}: ${problem}`);
    else expect(line?.slice(name.length + 2)).toMatch(problem);
  });

  test("id and secret go together", () => {
    const folder = new ConfigFolder();
    expect(folder.problems({ GLOBUS_APPLICATION_ID: "canary" })).toEqual([
      "GLOBUS_APPLICATION_SECRET: is missing, but GLOBUS_APPLICATION_ID is set",
    ]);
    expect(folder.problems({ GLOBUS_APPLICATION_SECRET: "canary", GLOBUS_APPLICATION_ID: '""' })).toEqual([
      "GLOBUS_APPLICATION_ID: is missing, but GLOBUS_APPLICATION_SECRET is set",
    ]);
  });

  test("rules that nobody would enforce stop the start; empty ones do not", () => {
    const rules = {
      GLOBUS_POLICIES: "p1",
      GLOBUS_GROUPS: "g1",
      AUTHORIZED_IDP_DOMAINS: "uni.edu",
      AUTHORIZED_GROUPS_PER_IDP: '{"uni.edu": "g1"}',
      AUTHORIZED_GLOBUS_SERVICE_USERNAMES: "robot",
    };
    for (const [name, value] of Object.entries(rules)) {
      expect(new ConfigFolder().problems({ [name]: value })).toEqual([
        `${name}: is a rule about Globus users, and without GLOBUS_APPLICATION_ID nothing would enforce it`,
      ]);
    }
    const empty = { GLOBUS_GROUPS: '""', AUTHORIZED_GROUPS_PER_IDP: "'{}'", AUTHORIZED_GLOBUS_SERVICE_USERNAMES: "[ ]" };
    const { config, warnings } = new ConfigFolder().load({ ...empty, HEADGATE_GLOBUS_AUTH_URL: "https://auth.example.org" });
    expect(config.identity.globus).toBeNull();
    expect(warnings).toEqual(["HEADGATE_GLOBUS_AUTH_URL is set, but does nothing without GLOBUS_APPLICATION_ID"]);
  });

  test("without a rule for everybody it warns loudly, or does not start with require_rule", () => {
    const ruleless: [Variables, RegExp][] = [
      [{}, /without any rule: EVERY Globus user in the world may call; set AUTHORIZED_IDP_DOMAINS/],
      [{ AUTHORIZED_GLOBUS_SERVICE_USERNAMES: "robot" }, /without any rule: EVERY Globus user/],
      [{ AUTHORIZED_GROUPS_PER_IDP: '{"uni.edu": "g1"}' }, /for some domains alone: EVERY Globus user of any other domain/],
    ];
    for (const [env, words] of ruleless) {
      expect(globus(env).warnings).toEqual([expect.stringMatching(words)]);
      const [line, ...others] = globusProblems(env, 'identity: { require_rule: "true" }\n');
      expect(others).toEqual([]);
      expect(line).toMatch(/^identity\.require_rule: /);
      expect(line).toMatch(words);
    }
    const folder = new ConfigFolder("identity: { require_rule: true }\n");
    for (const name of ["GLOBUS_POLICIES", "GLOBUS_GROUPS", "AUTHORIZED_IDP_DOMAINS"]) {
      expect(folder.load({ ...application, [name]: "uni.edu" }).warnings).toEqual([]);
    }
    expect(folder.load().warnings).toEqual([]);
  });

  test("groups for a domain that nobody may come from earn a warning", () => {
    const env = { AUTHORIZED_IDP_DOMAINS: "uni.edu", AUTHORIZED_GROUPS_PER_IDP: '{"un.edu": "g1"}' };
    expect(globus(env).warnings.join()).toMatch(/^AUTHORIZED_GROUPS_PER_IDP has a rule for un\.edu, but AUTHORIZED_IDP_DOMAINS/);
  });
});

describe("RATE_LIMIT_PER_SEC_PER_USER", () => {
  test("is the default of callers with a token", () => {
    const { config } = new ConfigFolder().load({ RATE_LIMIT_PER_SEC_PER_USER: '"10"' });
    expect(config.userDefaultLimits).toMatchObject({ requestsPerSecond: 10, requestsPerMinute: null, budget: null });
  });

  test.each(["0", "-1", "1.5", "1e3", "1000001", "ten", "99999999999999999999"])("%s is refused", (value) => {
    expect(new ConfigFolder().problems({ RATE_LIMIT_PER_SEC_PER_USER: value })).toEqual([
      "RATE_LIMIT_PER_SEC_PER_USER: must be a whole number from 1 to 1,000,000 (leave it out for no limit)",
    ]);
  });
});

describe("the section identity", () => {
  test("comes out parsed, with its defaults", () => {
    const folder = new ConfigFolder(`identity:
  oidc:
    - { issuer: https://login.example.org/, audience: headgate }
    - { issuer: https://sso.example.org/realms/x, audience: [a, b, a], groups_claim: realm_access.roles, username_claim: sub, client_id: c, client_secret: "\${SECRET}" }
  introspection:
    - { url: https://sso.example.org/introspect, client_id: c, client_secret: canary, audience: headgate, scope: "read  write" }
    - { url: https://sso.example.org/other, client_id: c, client_secret: canary }
  proxy_header: { enabled: true, user_header: X-User, trusted_proxies: [10.0.0.0/8, "::1"] }
`);
    const { config, warnings } = folder.load({ SECRET: "canary-of-c" });
    const { oidc, introspection, proxyHeader } = config.identity;
    expect(oidc[0]).toEqual({
      issuer: "https://login.example.org/",
      audiences: ["headgate"],
      groupsClaim: "groups",
      usernameClaim: "email",
      clientId: null,
      clientSecret: null,
    });
    expect(oidc[1]).toMatchObject({
      audiences: ["a", "b"],
      groupsClaim: "realm_access.roles",
      usernameClaim: "sub",
      clientId: "c",
    });
    expect(oidc[1]?.clientSecret?.expose()).toBe("canary-of-c");
    expect(introspection[0]).toMatchObject({ audiences: ["headgate"], scopes: ["read", "write"], usernameClaim: "username" });
    expect(introspection[1]).toMatchObject({ clientId: "c", audiences: null, scopes: [], groupsClaim: "groups" });
    expect(introspection[1]?.clientSecret.expose()).toBe("canary");
    expect(proxyHeader).toEqual({
      userHeader: "x-user",
      groupsHeader: "x-forwarded-groups",
      trustedProxies: ["10.0.0.0/8", "::1"],
    });
    expect(warnings).toEqual([expect.stringMatching(/^identity\.introspection\[1\]: without audience and scope, every token/)]);
  });

  test("proxy headers are off unless enabled", () => {
    const yaml = (enabled: string) => `identity: { proxy_header: { enabled: ${enabled}, trusted_proxies: [10.0.0.1] } }\n`;
    expect(new ConfigFolder(yaml("false")).load().config.identity.proxyHeader).toBeNull();
    expect(new ConfigFolder(yaml('"${ON}"')).load({ ON: "true" }).config.identity.proxyHeader).not.toBeNull();
    expect(new ConfigFolder(yaml("yes")).problems()).toEqual(["identity.proxy_header.enabled: must be true or false"]);
  });

  test("all that is wrong is told with its path", () => {
    const folder = new ConfigFolder(`identity:
  require: true
  oidc:
    - { audience: [] }
    - { issuer: https://me:canary@a.example, audience: "two words", groups_claim: "a..b", client_secret: canary }
    - { issuer: https://a.example, audience: 5 }
    - { issuer: https://a.example, audience: x, clientid: y }
  introspection:
    - { url: "https://a.example/?canary", client_id: "a:b", client_secret: " canary", scope: "" }
    - { url: https://b.example, client_id: c }
  proxy_header: { user_header: Authorization, groups_header: "x y", trusted_proxies: [proxy, 0.0.0.0/0] }
`);
    expect(folder.problems()).toEqual([
      "identity.oidc[0].issuer: is missing",
      "identity.oidc[0].audience: must not be an empty list",
      "identity.oidc[1].issuer: must be an http or https URL without user name, query or fragment",
      "identity.oidc[1].audience: must be 1 to 512 characters without spaces",
      "identity.oidc[1].groups_claim: must be the name of a claim, such as groups or realm.roles",
      "identity.oidc[2].audience: must be a text or a list of texts",
      "identity.oidc[3].clientid: unknown key; the nearest known one is identity.oidc[3].client_id",
      "identity.introspection[0].url: must be an http or https URL without user name, query or fragment",
      "identity.introspection[0].client_id: must not contain ':'",
      "identity.introspection[0].client_secret: must not begin or end with a space",
      "identity.introspection[0].scope: must be scopes, separated by spaces",
      "identity.introspection[1].client_secret: is missing",
      "identity.proxy_header.user_header: 'authorization' carries callers' credentials",
      "identity.proxy_header.groups_header: must be a header name: letters, digits and !#$%&'*+-.^_`|~",
      "identity.proxy_header.trusted_proxies[0]: must be an IP address or a network such as 10.0.0.0/8",
      "identity.proxy_header.trusted_proxies[1]: is every address there is: anybody could then say to be anybody",
      "identity.require: unknown key; the nearest known one is identity.require_rule",
      "identity.oidc[3].issuer: is the same as identity.oidc[2].issuer",
      "identity.oidc[1].client_secret: is of no use without client_id",
    ]);
  });

  test.each([
    ["enabled: true", "trusted_proxies: must name the proxies, or anybody could say to be anybody"],
    ["user_header: X-Who, groups_header: x-who", "groups_header: is the same as identity.proxy_header.user_header"],
    ["user_header: Connection", "user_header: 'connection' can't say who the caller is"],
    ["groups_header: Cookie", "groups_header: 'cookie' can't say who the caller is"],
    ["user_header: X-Api-Key", "user_header: 'x-api-key' carries callers' credentials"],
  ])("proxy headers that would be dangerous are refused: %s", (yaml, problem) => {
    expect(new ConfigFolder(`identity: { proxy_header: { ${yaml} } }\n`).problems()).toEqual([
      `identity.proxy_header.${problem}`,
    ]);
  });

  test("plain http to a public provider earns a warning", () => {
    const folder = new ConfigFolder(`identity:
  oidc: [{ issuer: "http://login.example.org", audience: a }, { issuer: "http://localhost:9", audience: a }]
  introspection: [{ url: "http://sso.example.org/x", client_id: c, client_secret: canary, scope: s }]
`);
    expect(folder.load().warnings.map((warning) => warning.split(": ", 1)[0])).toEqual([
      "identity.oidc[0].issuer",
      "identity.introspection[0].url",
    ]);
  });
});

test.each(Object.entries(sectionTexts))("the manual's example for %s is a configuration that Headgate takes", (section, text) => {
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] as string;
  const variables = [...example.matchAll(/\$\{(\w+)\}/g)].map((match): [string, string] => [match[1] as string, "canary"]);
  const { config, warnings } = new ConfigFolder(example).load(Object.fromEntries(variables));
  expect(warnings).toEqual([]);
  expect(variables.length).toBeGreaterThan(0);
  expect(section === "manifests" ? config.manifests : config.identity.oidc).toHaveLength(1);
});
