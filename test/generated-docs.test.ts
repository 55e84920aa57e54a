// The generated pages say what the program says: they fail here when they are stale, and what they show has to work.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { configurationManual } from "../src/config/configuration-manual.ts";
import { documentationOf } from "../src/config/fields.ts";
import { knownKeys } from "../src/config/known-keys.ts";
import { loadConfig } from "../src/config/load.ts";
import { configSchema } from "../src/config/schema.ts";
import { errorCatalogue } from "../src/core/errors.ts";
import { errorsPage } from "../src/core/errors-page.ts";

const examplePath = fileURLToPath(new URL("../examples/minimal/headgate.yaml", import.meta.url));
const example = readFileSync(examplePath, "utf8");

function page(name: string): string {
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");
}

test("docs/configuration.md is up to date (`npm run docs` writes it)", () => {
  expect(page("configuration.md")).toBe(configurationManual(example));
});

test("docs/errors.md is up to date (`npm run docs` writes it)", () => {
  expect(page("errors.md")).toBe(errorsPage());
});

test("the manual has a row for every key, and the errors page one for every code", () => {
  const manual = page("configuration.md");
  const keys = knownKeys(configSchema).filter(({ schema }) => documentationOf(schema) !== undefined);
  expect(keys.length).toBeGreaterThan(30);
  // within its section's table: `timeouts.idle` for endpoints[].timeouts.idle
  const names = keys.map(({ path }) => path.slice(path.indexOf(".") + 1));
  expect(names.filter((name) => !manual.includes(`\n| \`${name}\` |`))).toEqual([]);
  expect(Object.keys(errorCatalogue).filter((code) => !page("errors.md").includes(`| \`${code}\` |`))).toEqual([]);
});

test("the example of the manual is a configuration that Headgate takes", () => {
  const cwd = mkdtempSync(join(tmpdir(), "headgate-example-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  copyFileSync(examplePath, join(cwd, "headgate.yaml"));
  const env = { OPENAI_API_KEY: "sk-openai", ANTHROPIC_API_KEY: "sk-anthropic", CI_KEY: "0123456789abcdef" };
  const { config, warnings } = loadConfig({ cwd, env });
  expect(warnings).toEqual([]);
  expect(config.endpoints.map((endpoint) => endpoint.name)).toEqual(["openai-production", "anthropic"]);
  expect(config.endpoints[0]?.apiKey?.expose()).toBe("sk-openai");
  expect(page("configuration.md")).toContain(example.trim());
});
