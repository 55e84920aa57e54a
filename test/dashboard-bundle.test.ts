// What the dashboard's bundle may be: small at first, hashed, without anything of another host. Reads dist/dashboard, as the build has left it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../dist/dashboard", import.meta.url));
const read = (name: string): string => readFileSync(join(folder, name), "utf8");
const initialBytesMax = 250_000;

describe("the dashboard's bundle", () => {
  test("is there: `npm run build` makes it", () => {
    expect(existsSync(join(folder, "index.html"))).toBe(true);
  });

  test("its first page loads at most 250 kB of compressed JavaScript, plots and playground not among it", () => {
    const initial = withStaticImports(
      [...read("index.html").matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, name]) => name ?? ""),
    );
    const bytes = [...initial].reduce((sum, name) => sum + gzipSync(read(name)).length, 0);
    expect(initial.size).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(initialBytesMax);
    const later = scripts().filter((name) => !initial.has(name));
    expect(later.some((name) => /uplot/i.test(name))).toBe(true);
    expect(later.some((name) => /playground-page/.test(name))).toBe(true);
  });

  test("of the server's sources it has the types alone", () => {
    expect(scripts().filter((name) => /ZodError|HeadgateError/.test(read(name)))).toEqual([]);
  });

  test("every file but the page itself carries the hash of its content in its name", () => {
    const named = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(named.map(({ name }) => name).filter((name) => !/-[\w-]{8,}\.\w+$/.test(name))).toEqual(["index.html"]);
  });

  test("the page has no inline script and no inline style", () => {
    const page = read("index.html");
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });

  test("no stylesheet, page or script of ours loads from another host", () => {
    for (const name of ["index.html", ...assets(".css")])
      expect(read(name)).not.toMatch(/(?:url\(|src=|href=|@import)\s*["']?(?:https?:)?\/\//);
    for (const name of scripts()) expect(read(name)).not.toMatch(/\b(?:import|fetch)\(\s*["'`]https?:/);
  });
});

function assets(ending: string): string[] {
  return readdirSync(join(folder, "assets"))
    .filter((name) => name.endsWith(ending))
    .map((name) => `assets/${name}`);
}

function scripts(): string[] {
  return assets(".js");
}

/** What the browser has to have before the first of them runs. */
function withStaticImports(entries: readonly string[]): Set<string> {
  const found = new Set<string>();
  const pending = [...entries];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const imported = read(name).matchAll(/(?:^|[;}\s])(?:import|export)\s*(?:[\w*${},\s]+from\s*)?["']\.\/([^"']+\.js)["']/g);
    pending.push(...[...imported].map(([, file]) => `assets/${file}`));
  }
  return found;
}
