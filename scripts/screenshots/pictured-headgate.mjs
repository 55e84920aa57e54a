// The Headgate of the pictures, in this process, so that its clock can be put forward.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inProject } from "../lib/project.mjs";

const secretKey = "secret-key-of-the-pictures-longer-than-32-characters";

export async function startPictured({ dataDir, clock }) {
  const { createApp } = await import("../../compiled/app.js");
  const { loadConfig } = await import("../../compiled/config/load.js");
  const { Secret } = await import("../../compiled/core/secret.js");
  const { createLogger } = await import("../../compiled/telemetry/log.js");
  const path = join(dataDir, "headgate.yaml");
  await writeFile(path, JSON.stringify({ server: { host: "127.0.0.1", port: 0, drain_timeout: "1s" } }));
  const { config } = loadConfig({
    overrides: { config: path, dataDir },
    env: { HEADGATE_SECRET_KEY: secretKey },
    cwd: dataDir,
  });
  const app = createApp({
    config,
    dataDir,
    secretKey: new Secret(secretKey),
    log: createLogger({ level: "error" }),
    warnings: [],
    clock,
    dashboardDir: inProject("dist/dashboard"),
  });
  const { url, adminUrl, setupLink } = await app.start();

  /** Who asks: nobody yet. */
  let headers = {};
  /** Answers of the admin API, and the cookies that come with them; throws when it refuses. */
  const ask = async (method, where, body) => {
    const answer = await fetch(`${adminUrl}${where}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
    return { body: text === "" ? null : JSON.parse(text), cookies: answer.headers.getSetCookie() };
  };
  const enter = async (path, credentials) => {
    headers = {};
    const { body, cookies } = await ask("POST", path, credentials);
    headers = { cookie: cookies.map((cookie) => cookie.split(";", 1)[0]).join("; "), "x-csrf-token": body.csrf_token };
  };
  return {
    url,
    /** Makes the first administrator, as whom `admin` asks from then on. */
    setUp: (person) => enter("/setup", { secret: new URL(setupLink).hash.slice(1), ...person }),
    /** `admin` asks as somebody else, or with a new session: one lasts a week at most. */
    signIn: (email, password) => enter("/sessions", { email, password }),
    admin: async (method, where, body) => (await ask(method, where, body)).body,
    stop: () => app.stop(),
  };
}
