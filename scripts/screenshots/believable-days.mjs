// Ten days at a university that has put Headgate in front of its models: people, groups, keys, calls at the hours in which people call.

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000];
export const lengthMs = 10 * dayMs;
const ada = { name: "Ada Lovelace", email: "ada@uni.example", password: "a pass phrase of the pictures" };

const groups = [
  { name: "Physics", models: ["llama-*", "qwen3-*", "best-available"], limits: { requests_per_minute: 600 } },
  {
    name: "Linguistics",
    models: ["gpt-5.1*", "text-embedding-*"],
    limits: { budget_usd: 0.4, budget_period: "month", budget_timezone: "Europe/Zurich" },
  },
  { name: "Library", models: ["mistral-*", "whisper-*"], limits: { requests_per_minute: 120 } },
  { name: "Computing centre", models: ["*"] },
];

const people = [
  { name: "Grace Hopper", email: "grace@uni.example", role: "operator", group: "Computing centre" },
  { name: "Emmy Noether", email: "emmy@uni.example", role: "group_manager", group: "Physics" },
  { name: "Lise Meitner", email: "lise@uni.example", role: "member", group: "Physics" },
  { name: "Ferdinand de Saussure", email: "ferdinand@uni.example", role: "member", group: "Linguistics" },
  { name: "Hypatia", email: "hypatia@uni.example", role: "member", group: "Library" },
  { name: "Karen Spärck Jones", email: "karen@uni.example", role: "auditor", group: "Library" },
];

const keys = [
  {
    name: "nightly evaluation",
    owner: "Lise Meitner",
    group: "Physics",
    models: ["llama-3.3-70b-instruct", "best-available"],
    share: 5,
  },
  { name: "notebooks", owner: "Emmy Noether", group: "Physics", models: ["qwen3-32b", "llama-3.3-70b-instruct"], share: 3 },
  {
    name: "corpus annotation",
    owner: "Ferdinand de Saussure",
    group: "Linguistics",
    models: ["gpt-5.1", "gpt-5.1-mini"],
    share: 4,
  },
  {
    name: "catalogue search",
    owner: "Hypatia",
    group: "Library",
    models: ["mistral-small-3.2"],
    share: 2,
    limits: { requests_per_minute: 120, tokens_per_minute: 50_000, budget_usd: 1, budget_period: "week" },
  },
  {
    name: "help desk",
    owner: null,
    group: "Computing centre",
    models: ["gpt-5.1-mini", "best-available"],
    share: 3,
    bodies: { retention: "7d", redact: ["emails"] },
  },
];

/** Of machines of one's own what they cost to run; dollars per million tokens in and out. One model has none. */
const prices = {
  "gpt-5.1": [1.25, 10],
  "gpt-5.1-mini": [0.25, 2],
  "llama-3.3-70b-instruct": [0.2, 0.6],
  "mistral-small-3.2": [0.05, 0.15],
  "best-available": [0.2, 0.6],
};

/** What was made, by name or kind, for those who take pictures of it. */
export async function fillDays({ headgate, provider, clock }) {
  const { admin, url } = headgate;
  const endpoint = (name, fields = {}) =>
    admin("POST", "/endpoints", { name, url: `${provider.url}/${name}/v1`, api_key: "sk-1", ...fields });
  await headgate.setUp(ada);
  const made = { ada, endpoints: {}, groups: {}, users: {}, keys: {} };
  made.endpoints.openai = await endpoint("openai", { description: "Bought from the framework contract." });
  made.endpoints.cluster = await endpoint("cluster", { description: "vLLM on the machines of the computing centre.", weight: 4 });
  made.endpoints.cellar = await endpoint("cellar", { description: "Older machines: they take what the cluster cannot." });
  made.virtual = await admin("POST", "/models", {
    name: "best-available",
    strategy: "priority",
    targets: [
      { endpoint: "cluster", model: "llama-3.3-70b-instruct", priority: 0 },
      { endpoint: "openai", model: "gpt-5.1-mini", priority: 1 },
    ],
  });
  made.manifest = await admin("POST", "/manifests", {
    name: "institute",
    url: `${provider.url}/status.json`,
    tokens: { "rack-1": "sk-2", "rack-2": "sk-2", "rack-3": "sk-2" },
  });
  for (const [model, [input, output]] of Object.entries(prices)) {
    await admin("PUT", `/prices/${model}`, { input_usd_per_million: input, output_usd_per_million: output });
  }
  await admin("PATCH", "/groups/grp_everyone", { models: ["mistral-small-3.2"] });
  for (const group of groups) made.groups[group.name] = await admin("POST", "/groups", group);
  const { data: first } = await admin("GET", "/users");
  await admin("PUT", `/groups/${made.groups["Computing centre"].id}/members/${first[0].id}`);
  for (const { group, ...person } of people) {
    const user = await admin("POST", "/users", { ...person, primary_group_id: made.groups[group].id });
    await admin("PUT", `/groups/${made.groups[group].id}/members/${user.id}`);
    made.users[person.name] = user;
  }
  for (const { share, owner, group, models, ...key } of keys) {
    const user = owner === null ? null : made.users[owner].id;
    made.keys[key.name] = await admin("POST", "/keys", { ...key, user_id: user, group_id: made.groups[group].id });
  }
  await callAllDays({ url, provider, clock, secrets: made.keys });
  await headgate.signIn(ada.email, ada.password);
  made.fallenBack = await newestWithTwoAttempts(admin);
  // A model that its provider has dropped, and what was sent in the last minutes.
  provider.settings.withoutModels.add("whisper-large-v3");
  await admin("POST", `/endpoints/${made.endpoints.cellar.id}/synchronize`);
  await admin("POST", `/keys/${made.keys.notebooks.id}/rotate`, { overlap_seconds: 86_400 });
  await admin("POST", "/exports", { kind: "usage", format: "csv", query: { group_by: "group" } });
  return made;
}

/** Few calls at night, many in the late morning and afternoon; an hour in which the cluster restarts. */
async function callAllDays({ url, provider, clock, secrets }) {
  const choices = keys.flatMap((key) => Array(key.share).fill(key));
  let calls = 0;
  for (let behindMs = lengthMs; behindMs >= 0; behindMs -= behindMs > dayMs ? 2 * hourMs : 15 * minuteMs) {
    clock.moveTo(behindMs);
    const hour = new Date(clock.nowMs()).getUTCHours();
    const busy = Math.max(0, Math.sin(((hour - 6) / 15) * Math.PI)) + 0.12;
    if (hour === 13) provider.settings.failing.add("cluster");
    else provider.settings.failing.delete("cluster");
    const most = behindMs > dayMs ? 24 : 3;
    const now = Array.from({ length: Math.round(busy * most + Math.random() * 2) }, () => choices[calls++ % choices.length]);
    await Promise.all(now.map((key, index) => call(url, secrets[key.name].key, key.models[index % key.models.length], index)));
  }
}

/** The id of a request that was answered elsewhere than it went first. */
async function newestWithTwoAttempts(admin) {
  for (let cursor = ""; cursor !== null; ) {
    const page = await admin("GET", `/requests?limit=500&status=ok${cursor === "" ? "" : `&cursor=${cursor}`}`);
    const found = page.data.find(({ attempts }) => attempts.length > 1);
    if (found !== undefined) return found.id;
    cursor = page.next_cursor;
  }
  throw new Error("no request fell back to another endpoint");
}

async function call(url, key, model, index) {
  const content = "Summarize the discussion in one paragraph. ".repeat(1 + (index % 4));
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, stream: index % 3 !== 0, messages: [{ role: "user", content }] }),
  });
  await answer.text();
}
