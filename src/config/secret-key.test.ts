// The secret key is made once, kept private, never replaced, and demanded where a file can't do.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "../core/secret.ts";
import { ConfigError } from "./config-error.ts";
import { loadSecretKey, secretKeyPath } from "./secret-key.ts";

let folder: string;
let dataDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-secret-"));
  dataDir = join(folder, "a", "data");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("loadSecretKey", () => {
  test("the environment's key is used as it is, and no file is made", () => {
    const envKey = new Secret("0123456789abcdef0123456789abcdef");
    expect(loadSecretKey({ envKey, dataDir, required: true })).toBe(envKey);
    expect(existsSync(dataDir)).toBe(false);
  });

  test("without one, a key is made at the first start, mode 0600, and is the same ever after", () => {
    const first = loadSecretKey({ envKey: null, dataDir, required: false }).expose();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(secretKeyPath(dataDir)).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(["secret.key"]);
    expect(loadSecretKey({ envKey: null, dataDir, required: false }).expose()).toBe(first);
  });

  test("two data directories get two keys", () => {
    const first = loadSecretKey({ envKey: null, dataDir, required: false }).expose();
    expect(loadSecretKey({ envKey: null, dataDir: join(folder, "b"), required: false }).expose()).not.toBe(first);
  });

  test("PostgreSQL without HEADGATE_SECRET_KEY is refused, with the reason, and no file is made", () => {
    expect(() => loadSecretKey({ envKey: null, dataDir, required: true })).toThrow(ConfigError);
    expect(() => loadSecretKey({ envKey: null, dataDir, required: true })).toThrow(
      /HEADGATE_SECRET_KEY is required with PostgreSQL/,
    );
    expect(existsSync(dataDir)).toBe(false);
  });

  test("a file that others can read earns a warning", () => {
    const key = loadSecretKey({ envKey: null, dataDir, required: false }).expose();
    chmodSync(secretKeyPath(dataDir), 0o644);
    const warnings: string[] = [];
    loadSecretKey({ envKey: null, dataDir, required: false, warn: (message) => warnings.push(message) });
    expect(warnings.join()).toMatch(/mode 644/);
    expect(warnings.join()).not.toContain(key);
  });

  test("a damaged file is refused, never replaced", () => {
    loadSecretKey({ envKey: null, dataDir, required: false });
    writeFileSync(secretKeyPath(dataDir), "canary");
    expect(() => loadSecretKey({ envKey: null, dataDir, required: false })).toThrow(/damaged/);
    expect(() => loadSecretKey({ envKey: null, dataDir, required: false })).not.toThrow(/canary/);
    expect(readFileSync(secretKeyPath(dataDir), "utf8")).toBe("canary");
  });

  test("a data directory that can't be made is a ConfigError", () => {
    writeFileSync(join(folder, "a"), "");
    expect(() => loadSecretKey({ envKey: null, dataDir, required: false })).toThrow(ConfigError);
  });
});
