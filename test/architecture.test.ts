// What holds for the whole project and no compiler or linter sees: who may read the environment, what a dependency may do, what must not be committed.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const files = projectFiles();
const sources = files.filter((path) => /^src\/.*\.ts$/.test(path));

interface LockedPackage {
  version: string;
  optionalDependencies?: Record<string, string>;
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  optional?: boolean;
  hasInstallScript?: boolean;
  engines?: { node?: string };
}

const lock: Record<string, LockedPackage> = JSON.parse(read("package-lock.json")).packages;
const dependencies = Object.entries(lock).filter(([path]) => path !== "");
const productionDependencies = dependencies.filter(([, entry]) => !entry.dev);

describe("source files", () => {
  test("each begins with a comment that says what it is for", () => {
    const silent = sources.filter((path) => !/^(#!.*\n)?\/[/*]/.test(read(path)));
    expect(sources.length).toBeGreaterThan(0);
    expect(silent).toEqual([]);
  });

  test("only src/config reads the environment", () => {
    const environment = /\bprocess\s*(\.\s*env\b|\[\s*["']env)|\benv\b[^;=\n]*}\s*=\s*process\b|from\s+["'](node:)?process["']/;
    const readers = sources.filter((path) => !/\.test\.ts$/.test(path) && environment.test(read(path)));
    expect(readers.filter((path) => !path.startsWith("src/config/"))).toEqual([]);
  });

  test("each is named after a concept, none after being useful", () => {
    const vague = /(^|-)(utils?|helpers?|common|misc|manager|service)s?$/;
    const named = files.filter((path) => /^(src|test|bench)\//.test(path));
    const parts = named.flatMap((path) => path.split("/").map((part) => ({ path, stem: basename(part).replace(/\..*$/, "") })));
    expect(parts.filter(({ stem }) => vague.test(stem)).map(({ path }) => path)).toEqual([]);
  });

  test("each folder has its import rule in biome.json", () => {
    const { overrides } = JSON.parse(read("biome.json")) as {
      overrides: { includes: string[]; linter: { rules: { style?: object } } }[];
    };
    const ruled = overrides
      .filter((entry) => "noRestrictedImports" in (entry.linter.rules.style ?? {}))
      .flatMap((entry) => entry.includes);
    const folders = new Set(sources.filter((path) => path.split("/").length > 2).map((path) => path.split("/")[1]));
    expect([...folders].filter((folder) => !ruled.includes(`src/${folder}/**`))).toEqual([]);
  });
});

describe("what is committed", () => {
  test("names no package registry and no path of a particular machine", () => {
    const registry = /https?:\/\/registry\./;
    const machine = /(?<![\w.:/}-])\/(home|root|work|Users)\/\w/;
    const offenders = files.filter((path) => {
      const text = read(path);
      return !text.includes("\0") && (registry.test(text) || machine.test(text));
    });
    expect(offenders).toEqual([]);
  });

  test("the lock file installs from whatever registry is set", () => {
    expect(dependencies.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
  });

  // `npm install` leaves out what the registry in use doesn't have, and `npm ci` then refuses the lock file everywhere.
  test("the lock file has every optional package, also those for other platforms", () => {
    const wanted = dependencies.flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).map((name) => ({ path, name })),
    );
    const missing = wanted.filter(
      ({ path, name }) => !(`${path}/node_modules/${name}` in lock || `node_modules/${name}` in lock),
    );
    expect(missing).toEqual([]);
  });
});

describe("production dependencies", () => {
  test("each is pinned with an integrity hash", () => {
    expect(productionDependencies.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
  });

  test("none runs code when it is installed", () => {
    expect(productionDependencies.filter(([path, entry]) => entry.hasInstallScript || hasInstallScript(path))).toEqual([]);
  });

  test("each accepts Node 20", () => {
    const refusing = productionDependencies.filter(
      ([, { engines }]) => engines?.node !== undefined && !accepts(engines.node, [20, 19, 0]),
    );
    expect(refusing).toEqual([]);
  });

  test.each([
    ["^20.19.0 || >=22.12.0", true],
    [">= 16.0.0", true],
    ["18 || 20 || >=22", true],
    ["20.x", true],
    [">=18 <20", false],
    ["^16 || ^18 || >=20.20", false],
    [">=22", false],
    ["^22.19.0", false],
  ])("the reading of %s is right", (range, expected) => {
    expect(accepts(range, [20, 19, 0])).toBe(expected);
  });
});

/** Everything that is committed or would be by `git add .`; without git, everything but what installing, building and running leave. */
function projectFiles(): string[] {
  if (existsSync(join(root, ".git"))) {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    return listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
  }
  const generated = new Set(["node_modules", "dist", "compiled", "data", "coverage", ".cache", ".env"]);
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => !generated.has(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]));
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  );
}

/** By its own word: a registry doesn't always say so in what becomes the lock file. Packages for other platforms aren't here to ask. */
function hasInstallScript(path: string): boolean {
  if (!existsSync(join(root, path, "package.json"))) return false;
  const { scripts = {} } = JSON.parse(read(join(path, "package.json"))) as { scripts?: Record<string, string> };
  return ["preinstall", "install", "postinstall"].some((name) => name in scripts) || existsSync(join(root, path, "binding.gyp"));
}

/** Whether an npm version range takes `version`; knows the forms that `engines` fields have and throws at others. */
function accepts(range: string, version: readonly [number, number, number]): boolean {
  return range.split("||").some((alternative) => {
    const comparators = alternative
      .trim()
      .replace(/(>=|<=|>|<|\^|~)\s+/g, "$1")
      .split(/\s+/);
    return comparators.every((comparator) => satisfies(comparator, version));
  });
}

function satisfies(comparator: string, version: readonly [number, number, number]): boolean {
  if (comparator === "" || comparator === "*") return true;
  const match = /^(>=|<=|>|<|\^|~|=|v)?(\d+)(?:\.(\d+|x))?(?:\.(\d+|x))?$/.exec(comparator);
  if (match === null) throw new Error(`a form of version range that this test can't read: ${comparator}`);
  const [operator = "=", major, minor, patch] = match.slice(1);
  const wanted = [major, minor, patch].filter((part) => part !== undefined && part !== "x").map(Number);
  const order = compare(version, [wanted[0] ?? 0, wanted[1] ?? 0, wanted[2] ?? 0]);
  if (operator === ">=") return order >= 0;
  if (operator === ">") return order > 0;
  if (operator === "<=") return order <= 0;
  if (operator === "<") return order < 0;
  if (operator === "^") return order >= 0 && version[0] === wanted[0];
  if (operator === "~") return order >= 0 && version[0] === wanted[0] && (wanted.length < 2 || version[1] === wanted[1]);
  return wanted.every((part, index) => version[index] === part);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((part, at) => part !== b[at]);
  return index === -1 ? 0 : Math.sign((a[index] as number) - (b[index] as number));
}
