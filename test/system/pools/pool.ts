// Pools of a Headgate under test: their endpoints, their models, how their deployments are, and what the ledger says of calls.
import type { Headgate } from "../../support/headgate.ts";
import { workersOfTests } from "../../support/headgate-of-processes.ts";
import type { LooseJson } from "../../support/loose-json.ts";

/** Registers an endpoint with these models, without asking it for them. */
export function addEndpoint(
  headgate: Headgate,
  name: string,
  baseUrl: string,
  models: string[],
  fields: object = {},
): Promise<LooseJson> {
  return headgate.addEndpoint({ name, url: baseUrl, models, sync: false, sync_interval: 0, ...fields });
}

/** What the admin API says to a change, which has to succeed. */
export async function change(headgate: Headgate, method: string, path: string, body?: object): Promise<LooseJson> {
  const answer = await headgate.admin(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** The model as the admin API shows it. */
export async function modelNamed(headgate: Headgate, name: string): Promise<LooseJson> {
  const { data } = await change(headgate, "GET", "/models?limit=1000");
  const model = data.find((one: LooseJson) => one.name === name);
  if (model === undefined)
    throw new Error(`there is no model ${name} among ${data.map((one: LooseJson) => one.name).join(", ")}`);
  return model;
}

export async function patchModel(headgate: Headgate, name: string, patch: object): Promise<LooseJson> {
  const { id } = await modelNamed(headgate, name);
  return change(headgate, "PATCH", `/models/${id}`, patch);
}

/** Where there are workers, what they know is shown within a quarter of a second, and is in the log within half a one. */
async function untilTold(): Promise<void> {
  if (workersOfTests() > 0) await new Promise((resolve) => setTimeout(resolve, 600));
}

/** The health of the deployment of `model` at `endpoint`. */
export async function healthAt(headgate: Headgate, model: string, endpoint: string): Promise<LooseJson> {
  await untilTold();
  const { deployments } = await modelNamed(headgate, model);
  return deployments.find((one: LooseJson) => one.endpoint === endpoint).health;
}

/** The ledger's word on a call, once it is settled. */
export function ledgerRow(headgate: Headgate, requestId: string): Promise<LooseJson> {
  return headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${requestId}`);
    return status === 200 && body.state !== "in_progress" && body;
  });
}

/** The changes of health that were logged for an endpoint, oldest first: `healthy → benched`. */
export async function transitionsAt(
  headgate: Headgate,
  endpoint: string,
): Promise<{ change: string; cause: string; until: string | undefined }[]> {
  await untilTold();
  return headgate
    .logText()
    .split("\n")
    .filter((line) => line.includes("a deployment's health has changed"))
    .map((line): LooseJson => JSON.parse(line))
    .filter((line) => line.endpoint === endpoint)
    .map(({ from, to, cause, until }) => ({ change: `${from} → ${to}`, cause, until }));
}
