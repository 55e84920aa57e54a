// A stand-in for Globus Auth and Groups, a process of its own: every token is good; it answers at once, late, never, or is down.
import { createServer } from "node:http";
import { sayReady } from "./setup/say-ready.mjs";

const lateMs = 2000;
const group = { id: "bench-group", name: "Bench", my_memberships: [{ role: "member", status: "active" }] };

/** @type {"healthy" | "late" | "silent" | "down"} */
let mode = "healthy";
/** Answers that are held back, with their timers. @type {Map<() => void, NodeJS.Timeout | undefined>} */
const held = new Map();
let questions = 0;

const calls = {
  "POST /v2/oauth2/token/introspect": (form) => introspected(form.get("token")),
  "POST /v2/oauth2/token": (form) => [
    { access_token: `groups-token-for-${form.get("token")}`, resource_server: "groups.api.globus.org", expires_in: 172_800 },
  ],
  "GET /v2/groups/my_groups": () => [group],
};

function introspected(token) {
  const sub = `identity-of-${token}`;
  const username = `${token}@uni.edu`;
  const idp = { identity_provider: "idp-of-uni.edu", identity_provider_display_name: "Uni" };
  return {
    active: true,
    exp: Math.floor(Date.now() / 1000) + 7200,
    username,
    name: token,
    client_id: "client-of-the-login-helper",
    iss: "https://auth.globus.org",
    identity_set_detail: [{ sub, username, name: token, ...idp }],
    session_info: { session_id: "s", authentications: { [sub]: { idp: idp.identity_provider, auth_time: 1 } } },
  };
}

const globus = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  questions++;
  const call = calls[`${request.method} ${request.url}`];
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const answer = () => {
    held.delete(answer);
    response.writeHead(call === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(call?.(form) ?? {}));
  };
  if (mode === "healthy") answer();
  else held.set(answer, mode === "late" ? setTimeout(answer, lateMs) : undefined);
});
/** @type {Set<import("node:net").Socket>} */
const sockets = new Set();
globus.on("connection", (socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
const listen = (port) => new Promise((resolve) => globus.listen(port, "127.0.0.1", resolve));
await listen(0);
const { port } = globus.address();

async function enter(next) {
  mode = next;
  for (const [answer, timer] of held) {
    clearTimeout(timer);
    answer();
  }
  if (next !== "down" && !globus.listening) await listen(port);
  if (next !== "down" || !globus.listening) return;
  const closed = new Promise((resolve) => globus.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
}

/** `GET /MODE`: answers `{port, questions}` when Globus is in that mode; whatever was held back is answered at once. */
const control = createServer(async (request, response) => {
  await enter(request.url.slice(1));
  response.end(JSON.stringify({ port, questions }));
});
control.listen(0, "127.0.0.1", () => sayReady(control.address().port));
