// What it takes to find out who calls: a Headgate key against a token that is known, in this process, with the built program's parts.
import { median } from "../report/statistics.mjs";
import { importPart } from "../setup/import-part.mjs";

const callers = 100;
const batches = 41;
const callsPerBatch = 20_000;

/**
 * `authenticate` for one credential after the other, keys and tokens in turns; medians over the batches, in µs per call.
 * @param {string} headgatePath the dist/main.js whose build is measured
 * @returns {Promise<{ keyMicros: number, tokenMicros: number }>}
 */
export async function measureCredentialCost(headgatePath) {
  const parts = await load(headgatePath);
  const credentials = (kind) => Array.from({ length: callers }, (_, index) => `${kind}-bench-0123456789abcdef-${index}`);
  const keys = credentials("sk");
  const tokens = credentials("token");
  const snapshot = new parts.Snapshot(contentOf(parts, keys));
  const known = new parts.TokenCallers({
    source: { mayKnow: parts.mayKnow, verify: async (token) => proven(parts, token), seen: () => {} },
    addresses: new parts.SourceAddresses(["127.0.0.1"]),
    announced: null,
    defaultLimits: parts.noLimits,
    clock: { nowMs: Date.now },
  });
  const requests = (list) =>
    list.map((credential) => ({ headers: { authorization: `Bearer ${credential}` }, socket: { remoteAddress: "192.0.2.1" } }));
  const authenticate = (request) => parts.authenticate(snapshot, known, request, Date.now());
  const sides = { key: requests(keys), token: requests(tokens) };
  for (const request of sides.token) await authenticate(request);

  const micros = { key: [], token: [] };
  for (let batch = 0; batch < batches; batch++) {
    for (const [kind, list] of Object.entries(sides)) {
      const startedAt = performance.now();
      for (let call = 0; call < callsPerBatch; call++) {
        if (authenticate(list[call % callers]) instanceof Promise) throw new Error(`a known ${kind} was not known`);
      }
      micros[kind].push(((performance.now() - startedAt) * 1000) / callsPerBatch);
    }
  }
  return { keyMicros: median(micros.key), tokenMicros: median(micros.token) };
}

async function load(headgatePath) {
  const modules = [
    "gateway/authenticate.js",
    "gateway/snapshot.js",
    "gateway/identity/token-callers.js",
    "gateway/identity/source-address.js",
    "control/identity/identity-providers.js",
    "domain/api-key.js",
    "domain/everyone.js",
    "domain/identity.js",
    "domain/limits.js",
  ];
  const parts = Object.assign({}, ...(await Promise.all(modules.map((path) => importPart(headgatePath, path)))));
  const globus = { authUrl: "http://127.0.0.1:9", groupsUrl: "http://127.0.0.1:9", domains: [], groups: [], policies: [] };
  const config = { globus, oidc: [], introspection: [], proxyHeader: null };
  const providers = new parts.IdentityProviders({ config, client: null, clock: null, log: null });
  return { ...parts, mayKnow: (token) => providers.mayKnow(token) };
}

function contentOf({ digestApiKey, everyoneGroupId, noLimits }, keys) {
  const common = { name: "bench", previousDigest: null, previousExpiresAtMs: null, userId: null, groupId: everyoneGroupId };
  const rights = { models: null, scopes: ["inference"], expiresAtMs: null, limits: noLimits };
  const everyone = { id: everyoneGroupId, name: "everyone", models: ["*"], source: null, externalId: null, limits: noLimits };
  return {
    version: 1,
    builtAtMs: 0,
    keys: keys.map((key) => ({ id: key, digest: digestApiKey(key), ...common, ...rights })),
    users: [],
    groups: [everyone],
    endpoints: [],
    models: [],
    manifests: [],
  };
}

function proven({ userIdOf }, token) {
  const names = { subject: token, username: token, name: token, email: null, idpId: null, idpName: null };
  const times = { expiresAtMs: Date.now() + 3_600_000 };
  const identity = { userId: userIdOf("globus", token), source: "globus", groups: [], authService: "globus", ...names, ...times };
  return { kind: "proven", identity };
}
