// `headgate admin reset-password`: a link for whoever is locked out, good at a server that is running.
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../test/support/database.ts";
import { type Headgate, startHeadgate, testSecretKey } from "../../test/support/headgate.ts";
import { describeFailure } from "./describe-failure.ts";
import { resetPassword } from "./reset-password.ts";

let dataDir: string;
let remove: () => Promise<void>;
let headgate: Headgate | null = null;

beforeEach(async () => {
  ({ path: dataDir, remove } = await temporaryDirectory());
});
afterEach(async () => {
  await headgate?.stop();
  headgate = null;
  await remove();
});

async function run(email: string, options: object = {}) {
  const printed: string[] = [];
  const env = { HEADGATE_SECRET_KEY: testSecretKey };
  const io = { print: (text: string) => void printed.push(text), note() {}, env, cwd: dataDir };
  const failure = await resetPassword({ email, dataDir, ...options }, io).then(() => null, describeFailure);
  return { out: printed.join("\n"), failure };
}

async function post(path: string, body: object) {
  const answer = await fetch(`${headgate?.url}/admin/api/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.status;
}

test("makes a link that sets the password while Headgate runs, once", async () => {
  headgate = await startHeadgate({ dataDir });
  const { body: user } = await headgate.admin("POST", "/users", {
    name: "Ada",
    email: "ada@example.test",
    role: "administrator",
  });
  const { out, failure } = await run("ADA@example.test", { host: "0.0.0.0", port: "8081" });
  expect(failure).toBeNull();
  expect(out).toMatch(/^http:\/\/127\.0\.0\.1:8081\/dashboard\/password#[\w-]{43}$/);
  const secret = out.split("#")[1];
  const password = "a password of the tests";
  expect(await post("/password", { secret, password })).toBe(204);
  expect(await post("/password", { secret, password })).toBe(410);
  expect(await post("/sessions", { email: "ada@example.test", password })).toBe(201);
  await headgate.admin("PATCH", `/users/${user.id}`, { email: null });
  expect((await run("ada@example.test")).failure).toContain("no account");
});

test("says for whom there is no link", async () => {
  expect((await run("ada@example.test")).failure).toContain("no database");
  headgate = await startHeadgate({ dataDir });
  expect((await run("ada@example.test")).failure).toContain("no account");
  const { body: user } = await headgate.admin("POST", "/users", { name: "Ada", email: "ada@example.test" });
  await headgate.admin("PATCH", `/users/${user.id}`, { disabled: true });
  expect((await run("ada@example.test")).failure).toContain("disabled");
});
