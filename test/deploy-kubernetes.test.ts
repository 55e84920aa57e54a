// deploy/kubernetes/ as far as it goes without a cluster: its words are Kubernetes' own, and what it says fits Headgate and its other parts.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { environmentVariables } from "../src/config/environment.ts";
import { loadConfig } from "../src/config/load.ts";
import { temporaryDirectory } from "./support/database.ts";
import { eventually } from "./support/eventually.ts";
import { createHome, startHeadgateProcess } from "./support/headgate-process.ts";
import { installed } from "./support/installed.ts";
import type { LooseJson } from "./support/loose-json.ts";
import { startProvider } from "./support/provider.ts";

const deploy = fileURLToPath(new URL("../deploy/", import.meta.url));
const folder = join(deploy, "kubernetes");
const packageJson = JSON.parse(readFileSync(join(deploy, "../package.json"), "utf8"));
const image = readFileSync(join(deploy, "Dockerfile"), "utf8");

const header = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  // without a namespace: it is the one that kubectl is set to
  metadata: z.strictObject({ name: z.string(), labels: z.record(z.string(), z.string()) }),
});
type Manifest = z.infer<typeof header> & LooseJson;

function manifestsOf(name: string): Manifest[] {
  return parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => {
    expect(document.errors).toEqual([]);
    const manifest = document.toJS();
    header.parse(manifest);
    return manifest;
  });
}

/** What `kubectl apply -f deploy/kubernetes/` takes. */
const applied = readdirSync(folder).filter((name) => /\.(ya?ml|json)$/.test(name));
const manifests = applied.flatMap(manifestsOf);
const [secret] = manifestsOf("secret.yaml.example") as [Manifest];
const find = (kind: string, name = "headgate") =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name) as Manifest;

const stateful = find("StatefulSet");
const pod = stateful.spec.template.spec;
const [container] = pod.containers;
const portOf = (name: string) => container.ports.find((port: LooseJson) => port.name === name)?.containerPort;
const configFile = find("ConfigMap").data["headgate.yaml"] as string;

/** As a pod reads it: the file of the ConfigMap, the variables of the image, the pod and the Secret. */
async function podConfig() {
  const directory = await temporaryDirectory();
  onTestFinished(() => directory.remove());
  const path = join(directory.path, "headgate.yaml");
  writeFileSync(path, configFile);
  const own = Object.fromEntries(container.env.map(({ name, value }: { name: string; value: string }) => [name, value]));
  const { HEADGATE_CONFIG: configPath, ...env } = { HEADGATE_HOST: "0.0.0.0", ...own, ...secret.stringData };
  const mount = container.volumeMounts.find(({ name }: LooseJson) => name === "config");
  expect(configPath).toBe(`${mount.mountPath}/headgate.yaml`);
  return loadConfig({ overrides: { config: path }, env, searchFiles: false });
}

test("all that belongs together is there, once, and nothing with a secret is applied", () => {
  expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
    "ConfigMap headgate",
    "NetworkPolicy headgate",
    "PodDisruptionBudget headgate",
    "Service headgate",
    "Service headgate-replicas",
    "StatefulSet headgate",
  ]);
  expect(secret.metadata.name).toBe(container.envFrom[0].secretRef.name);
  // nobody's real one
  for (const value of Object.values(secret.stringData)) expect(value).toMatch(/change-me/);
});

test("pods get variables and a configuration that Headgate takes, and listen where everybody asks", async () => {
  const names = [...container.env.map(({ name }: { name: string }) => name), ...Object.keys(secret.stringData)];
  expect(names.filter((name) => !(name in environmentVariables))).toEqual([]);
  const { config, dataDir, warnings } = await podConfig();
  expect(warnings).toEqual([]);
  expect(config.server).toMatchObject({ host: "0.0.0.0", port: portOf("http") });
  expect(config.metrics.port).toBe(portOf("metrics"));
  expect(image).toContain(`\nEXPOSE ${portOf("http")}\n`);
  expect([config.database.url, config.redis.url].every((url) => url !== null)).toBe(true);
  expect(find("Service").spec.ports).toMatchObject([{ targetPort: "http" }]);
  expect(find("Service", "headgate-replicas").spec).toMatchObject({ clusterIP: "None", ports: [{ targetPort: "metrics" }] });
  expect(stateful.spec.serviceName).toBe("headgate-replicas");
  for (const rule of find("NetworkPolicy").spec.ingress) for (const { port } of rule.ports) expect(portOf(port)).toBeDefined();
  // the data directory is on the volume of each pod's own
  const [{ metadata: claim, spec }] = stateful.spec.volumeClaimTemplates;
  expect(container.volumeMounts.find(({ name }: LooseJson) => name === claim.name).mountPath).toBe(dataDir);
  expect(spec.accessModes).toEqual(["ReadWriteOnce"]);
  const declared = [claim.name, ...pod.volumes.map(({ name }: LooseJson) => name)];
  expect(container.volumeMounts.map(({ name }: LooseJson) => name).sort()).toEqual(declared.sort());
  expect(pod.volumes.find(({ name }: LooseJson) => name === "config").configMap.name).toBe(find("ConfigMap").metadata.name);
});

test("a pod has the time to drain, and bodies in flight fit its memory", async () => {
  const { server } = (await podConfig()).config;
  expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(server.drainDelayMs + server.drainTimeoutMs);
  // until /readyz has failed often enough, and all nodes have heard of it
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  expect(server.drainDelayMs).toBeGreaterThan(periodSeconds * failureThreshold * 1000);
  const memoryBytes = Number(/^(\d+)Gi$/.exec(container.resources.limits.memory)?.[1]) * 1024 ** 3;
  expect(server.bodiesInFlightLimitBytes).toBeLessThanOrEqual(memoryBytes / 2);
  expect(container.resources.limits).not.toHaveProperty("cpu");
});

test("pods may do nothing but what Headgate needs, under the user of the image", () => {
  const [, uid, gid] = /\nUSER (\d+):(\d+)\n/.exec(image) as RegExpExecArray;
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: Number(uid),
    runAsGroup: Number(gid),
    fsGroup: Number(gid),
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(container.image).toBe(`registry.example.org/headgate:${packageJson.version}`);
});

test("every selector fits the pods, and one pod at a time may go", () => {
  const { labels } = stateful.spec.template.metadata;
  const selectors = [
    stateful.spec.selector.matchLabels,
    find("PodDisruptionBudget").spec.selector.matchLabels,
    find("NetworkPolicy").spec.podSelector.matchLabels,
    find("Service").spec.selector,
    find("Service", "headgate-replicas").spec.selector,
    ...pod.topologySpreadConstraints.map(({ labelSelector }: LooseJson) => labelSelector.matchLabels),
  ];
  expect(selectors).toHaveLength(7);
  for (const selector of selectors) {
    expect(Object.keys(selector).length).toBeGreaterThan(0);
    expect(labels).toMatchObject(selector);
  }
  expect(find("PodDisruptionBudget").spec.maxUnavailable).toBe(1);
  expect(stateful.spec.replicas).toBeGreaterThanOrEqual(2);
});

test("Kubernetes' variable for a Service named headgate would be taken for the port: they are switched off", () => {
  const setByKubernetes = { HEADGATE_PORT: "tcp://10.96.0.10:80" };
  expect(() => loadConfig({ env: setByKubernetes, searchFiles: false })).toThrow(/HEADGATE_PORT/);
  expect(pod.enableServiceLinks).toBe(false);
});

test("the probes get the answers that they need from a Headgate that serves, drains, and has ended", {
  timeout: 60_000,
}, async () => {
  const provider = await startProvider({ models: ["gpt-4o-mini"] });
  onTestFinished(() => provider.close());
  const home = await createHome();
  onTestFinished(() => home.remove());
  const key = "sk-of-the-probes-0123456789";
  const headgate = await startHeadgateProcess({
    home,
    config: {
      // Long enough to be asked in it, whoever pauses meanwhile.
      server: { drain_delay: "6s", drain_timeout: "60s" },
      metrics: { port: 0 },
      endpoints: [{ name: "openai", url: provider.url }],
      keys: [{ name: "probe", key }],
    },
  });
  onTestFinished(() => void headgate.kill());
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const status = async ({ httpGet, timeoutSeconds }: LooseJson) => {
    expect(portOf(httpGet.port)).toBe(portOf("http"));
    const answer = await fetch(`${headgate.url}${httpGet.path}`, { signal: AbortSignal.timeout(timeoutSeconds * 1000) });
    await answer.body?.cancel();
    return answer.status;
  };
  const all = async () => [await status(startupProbe), await status(readinessProbe), await status(livenessProbe)];
  const call = (body = {}) =>
    fetch(`${headgate.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [], ...body }),
    });
  await eventually(async () => (await call()).status === 200);
  expect(await all()).toEqual([200, 200, 200]);

  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  onTestFinished(() => goOn());
  provider.on(
    ({ body }) => body.toString().includes('"user":"slow"'),
    () => [
      { head: { status: 200, headers: { "content-type": "application/json" }, framing: "chunked", lengthBytes: 0 } },
      { until: gate },
      { write: Buffer.from("{}") },
      { end: true },
    ],
  );
  const slow = call({ user: "slow" });
  await eventually(() => provider.requests.some(({ body }) => body.toString().includes('"user":"slow"')));
  headgate.signal("SIGTERM");
  await eventually(async () => (await status(readinessProbe)) === 503);
  // within drain_delay: calls of nodes that have not heard of it yet
  expect([(await call()).status, await status(livenessProbe)]).toEqual([200, 200]);
  await eventually(async () => (await call()).status === 503, { timeoutMs: 20_000 });
  // while calls in flight end: a failed liveness probe would cut them
  expect([await status(readinessProbe), await status(livenessProbe)]).toEqual([503, 200]);
  goOn();
  expect((await slow).status).toBe(200);
  expect((await headgate.exited).code).toBe(0);
});

const kubectl = installed("kubectl");

/** kubectl reads what it changes into Kubernetes' own types, and prints these: a word that they don't have is gone. No cluster is asked. */
async function throughKubectl(args: readonly string[], manifest?: Manifest): Promise<LooseJson> {
  const directory = await temporaryDirectory();
  onTestFinished(() => directory.remove());
  const noCluster = join(directory.path, "kubeconfig");
  writeFileSync(noCluster, "");
  const path = join(directory.path, "manifest.yaml");
  writeFileSync(path, manifest === undefined ? "" : stringify(manifest));
  const words = [...args, ...(manifest === undefined ? ["--dry-run=client"] : ["--local", "-f", path]), "-o", "json"];
  const { status, stdout, stderr } = spawnSync(kubectl as string, words, {
    env: { PATH: process.env.PATH, HOME: directory.path, KUBECONFIG: noCluster },
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

test.skipIf(kubectl === null)(
  "every word of the StatefulSet, the Services and the disruption budget is one of Kubernetes'",
  { timeout: 60_000 },
  async () => {
    // it prints nothing where nothing changes
    const before = structuredClone(stateful);
    before.spec.template.spec.containers[0].image = "before";
    const words = ["set", "image", `*=${container.image}`];
    expect(await throughKubectl(words, before)).toMatchObject(stateful);
    for (const manifest of manifests.filter(({ kind }) => kind === "Service")) {
      const selector = Object.entries(manifest.spec.selector).map(([name, value]) => `${name}=${value}`);
      expect(await throughKubectl(["set", "selector", ...selector], manifest)).toMatchObject(manifest);
    }
    const budget = find("PodDisruptionBudget");
    const { unhealthyPodEvictionPolicy, ...spec } = budget.spec;
    expect(["AlwaysAllow", "IfHealthyBudget"]).toContain(unhealthyPodEvictionPolicy);
    const settings = ["--max-unavailable=1", "--selector=app.kubernetes.io/name=headgate"];
    expect((await throughKubectl(["create", "poddisruptionbudget", budget.metadata.name, ...settings])).spec).toEqual(spec);
    // a misplaced word is lost, or this would show nothing
    before.spec.terminationGracePeriodSeconds = 660;
    expect((await throughKubectl(words, before)).spec).not.toHaveProperty("terminationGracePeriodSeconds");
  },
);

test("every word of the NetworkPolicy, and where there is no kubectl the other manifests' outer ones, are Kubernetes'", () => {
  const port = z.strictObject({ port: z.string(), protocol: z.literal("TCP") });
  const labels = z.strictObject({ matchLabels: z.record(z.string(), z.string()) });
  z.strictObject({
    apiVersion: z.literal("networking.k8s.io/v1"),
    kind: z.literal("NetworkPolicy"),
    metadata: z.unknown(),
    spec: z.strictObject({
      podSelector: labels,
      policyTypes: z.tuple([z.literal("Ingress")]),
      ingress: z.array(
        z.strictObject({ from: z.array(z.strictObject({ namespaceSelector: labels })).optional(), ports: z.array(port) }),
      ),
    }),
  }).parse(find("NetworkPolicy"));
  expect(Object.keys(find("ConfigMap")).sort()).toEqual(["apiVersion", "data", "kind", "metadata"]);
  expect(Object.keys(secret).sort()).toEqual(["apiVersion", "kind", "metadata", "stringData", "type"]);
  expect([find("ConfigMap").apiVersion, secret.apiVersion, stateful.apiVersion, find("PodDisruptionBudget").apiVersion]).toEqual([
    "v1",
    "v1",
    "apps/v1",
    "policy/v1",
  ]);
});
