// deploy/Dockerfile as far as it goes without an engine: its steps are taken by hand, its health check and its entry point are run.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { environmentVariables } from "../src/config/environment.ts";
import { temporaryDirectory } from "./support/database.ts";
import { dockerfile, type Instruction } from "./support/dockerfile.ts";
import { eventually } from "./support/eventually.ts";
import { startHeadgate } from "./support/headgate.ts";
import { freePort } from "./support/own-port.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (name: string) => readFileSync(join(root, name), "utf8");
const stages = dockerfile(read("deploy/Dockerfile"));
const [build, runtime] = stages as [Instruction[], Instruction[]];
const packageJson = JSON.parse(read("package.json"));

const valuesOf = (stage: Instruction[], name: string) => stage.filter((each) => each.name === name).map(({ value }) => value);
const only = (name: string) => {
  const values = valuesOf(runtime, name);
  expect(values).toHaveLength(1);
  return values[0] as string;
};
const json = (text: string) => JSON.parse(text.slice(text.indexOf("["))) as string[];
/** `NAME=value …` of ENV and LABEL. */
const pairs = (name: string) =>
  Object.fromEntries([...only(name).matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, key, a, b]) => [key, a ?? b])) as Record<
    string,
    string
  >;
const isIgnored = ignoreRules(read("deploy/Dockerfile.dockerignore"));

/** Of Docker's rules: the last that fits a path, or a folder that it is in, decides. */
function ignoreRules(text: string): (path: string) => boolean {
  const rules = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return (path) => {
    const parts = path.split("/");
    const selfAndAbove = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    return rules.reduce((ignored, rule) => {
      const pattern = rule.replace(/^!/, "");
      return selfAndAbove.some((each) => globRegExp(pattern).test(each)) ? !rule.startsWith("!") : ignored;
    }, false);
  };
}

/** A star within a name, dots in the beginning included; two and a slash are any folders or none. */
function globRegExp(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*)/).map((part) => {
    if (part === "**/") return "(?:.*/)?";
    return part === "*" ? "[^/]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`);
}

test("the image is built in one stage and runs in another, as nobody who may change it", () => {
  expect(stages).toHaveLength(2);
  const bases = stages.map(([from]) => (from as Instruction).value.split(" ")[0]);
  expect(bases).toEqual(["node:24-bookworm-slim", "node:24-bookworm-slim"]);
  const [uid, gid] = only("USER").split(":") as [string, string];
  expect(Number(uid)).toBeGreaterThan(1000);
  expect(runtime.findIndex(({ name }) => name === "USER")).toBeGreaterThan(runtime.findLastIndex(({ name }) => name === "COPY"));
  const [setup = ""] = valuesOf(runtime, "RUN");
  expect(setup).toContain(`groupadd --gid ${gid} `);
  expect(setup).toContain(`useradd --uid ${uid} --gid ${gid} `);
  const { HEADGATE_DATA_DIR: dataDir = "", ...others } = pairs("ENV");
  expect(setup).toContain(`install -d -o ${uid} -g ${gid} -m 0700 ${dataDir}`);
  expect(only("VOLUME")).toBe(dataDir);
  expect(others).toEqual({ NODE_ENV: "production", HEADGATE_HOST: "0.0.0.0" });
  expect(["HEADGATE_DATA_DIR", "HEADGATE_HOST"].filter((name) => !(name in environmentVariables))).toEqual([]);
  expect([only("EXPOSE"), only("STOPSIGNAL")]).toEqual(["8080", "SIGTERM"]);
  expect(pairs("LABEL")).toMatchObject({
    "org.opencontainers.image.version": packageJson.version,
    "org.opencontainers.image.licenses": packageJson.license,
  });
});

test("nothing is downloaded but by npm, and what is built is what a checkout builds", () => {
  expect(valuesOf(build, "RUN")).toEqual(["npm ci", "npm run build", "npm prune --omit=dev"]);
  expect(packageJson.scripts.build).toBeTypeOf("string");
  const used = stages.flat().filter(({ name, value }) => name === "ADD" || /\b(curl|wget|apt-get|apk|git)\b|https?:/.test(value));
  expect(used.map(({ value }) => value)).toEqual([healthCheck]);
  for (const [file, names] of stages.flatMap((stage) =>
    valuesOf(stage, "COPY").map((value) => [value, value.split(/\s+/)] as const),
  )) {
    if (file.startsWith("--from=")) continue;
    for (const source of names.slice(0, -1)) {
      expect([source, existsSync(join(root, source)), isIgnored(source)]).toEqual([source, true, false]);
    }
  }
});

test("neither secrets nor data nor tests get into the image", () => {
  for (const path of [".env", "src/.env", "dashboard/.env", "data/secret.key", "deploy/.env", ".git/config", "src/app.test.ts"]) {
    expect([path, isIgnored(path)]).toEqual([path, true]);
  }
  for (const path of ["node_modules/pg/package.json", "dist/main.js", "headgate.yaml"])
    expect([path, isIgnored(path)]).toEqual([path, true]);
  expect(isIgnored("src/app.ts")).toBe(false);
});

test("what the build stage is given is enough to build, and what the image has is enough to run and to be stopped", {
  timeout: 240_000,
}, async () => {
  const folder = await temporaryDirectory();
  onTestFinished(() => folder.remove());
  const [buildDir, imageDir] = [join(folder.path, "build"), join(folder.path, "image")];
  mkdirSync(buildDir);
  mkdirSync(imageDir);
  for (const value of valuesOf(build, "COPY")) copy(root, buildDir, value);
  // `npm ci` would fetch these once more
  symlinkSync(join(root, "node_modules"), join(buildDir, "node_modules"));
  expect(await exitOf(spawn("npm", ["run", "build"], { cwd: buildDir, stdio: ["ignore", "ignore", "inherit"] }))).toBe(0);
  for (const value of valuesOf(runtime, "COPY")) {
    const [, from, path, to] = /^--from=(\w+) \/build\/(\S+) (\S+)$/.exec(value) as RegExpExecArray;
    expect(from).toBe("build");
    if (path === "node_modules") symlinkSync(join(root, path), join(imageDir, path));
    else
      cpSync(join(buildDir, path as string), join(imageDir, to === "./" ? (path as string) : (to as string)), {
        recursive: true,
      });
  }
  expect(readdirSync(imageDir).sort()).toEqual(["dist", "node_modules", "package.json"]);
  expect(packageJson.dependencies).not.toHaveProperty("typescript");

  const port = await freePort();
  const env = {
    ...pairs("ENV"),
    HEADGATE_HOST: "127.0.0.1",
    HEADGATE_PORT: String(port),
    HEADGATE_DATA_DIR: join(folder.path, "data"),
  };
  const [program, ...args] = [...json(only("ENTRYPOINT")), ...json(only("CMD"))] as [string, ...string[]];
  const child = spawn(program, args, {
    cwd: imageDir,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = exitOf(child);
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  await eventually(async () => (await healthCheckExit(port)) === 0, {
    timeoutMs: 60_000,
    everyMs: 200,
    what: () => `health: ${said}`,
  });
  // It is healthy from the moment at which its workers listen; pages are control's, which may take a moment longer.
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await eventually(isReady, { timeoutMs: 60_000 });
  const page = await fetch(`http://127.0.0.1:${port}/dashboard/`);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<title>Headgate")]);
  child.kill(only("STOPSIGNAL") as NodeJS.Signals);
  expect(await exited).toBe(0);
});

/** One COPY of the build's context, with what is ignored left out. */
function copy(from: string, to: string, value: string): void {
  const paths = value.split(/\s+/);
  const target = paths.pop() as string;
  for (const path of paths) {
    const filter = (source: string) => !isIgnored(source.slice(from.length));
    cpSync(join(from, path), join(to, target === "./" ? path : target), { recursive: true, filter });
  }
}

const healthCheck = valuesOf(runtime, "HEALTHCHECK")[0] as string;

/** Runs it as an engine does: these words, no shell. */
function healthCheckExit(port: number | ""): Promise<number | null> {
  const [program, ...args] = json(healthCheck) as [string, ...string[]];
  return exitOf(spawn(program, args, { env: { PATH: process.env.PATH, HEADGATE_PORT: String(port) }, stdio: "inherit" }));
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

test("the health check succeeds at a Headgate that runs, and fails where none is", async () => {
  const [, timeout] = /--timeout=(\d+)s/.exec(healthCheck) as RegExpExecArray;
  const [, own] = /AbortSignal\.timeout\((\d+)\)/.exec(healthCheck) as RegExpExecArray;
  expect(Number(own)).toBeLessThan(Number(timeout) * 1000);
  expect(healthCheck).toContain(`process.env.HEADGATE_PORT || ${only("EXPOSE")}`);
  const headgate = await startHeadgate();
  const port = Number(new URL(headgate.url).port);
  try {
    expect(await healthCheckExit(port)).toBe(0);
  } finally {
    await headgate.stop();
  }
  expect(await healthCheckExit(port)).toBe(1);
});
