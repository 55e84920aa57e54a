// Bundles src/ and the packages that it uses into dist/, one file per program and thread and some that they share: a process then holds
// a tenth to a fifth less memory than with a module for each of a thousand files (bench/README.md), and starts sooner.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { inProject } from "./project.mjs";

/** What Node.js is given to run: the command line, the processes and the threads. */
const programs = {
  main: "src/main.ts",
  "control-process": "src/control-process.ts",
  "gateway-process": "src/gateway-process.ts",
  "ledger-worker": "src/ledger-worker.ts",
  "bodies-worker": "src/bodies-worker.ts",
  "sqlite-worker": "src/storage/sqlite-worker.ts",
};

/** Native code, files of their own beside the code, and what is optional to a package. What is loaded by `createRequire` stays outside anyway. */
const outside = ["libsql", "pino", "@fastify/swagger-ui", "pg-native", /^undici/];

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, inProject(file)])),
  platform: "node",
  external: outside,
  onLog(level, log, tell) {
    // Where it can't find a module it would leave the import for the moment it runs.
    if (log.code === "UNRESOLVED_IMPORT") throw new Error(log.message);
    tell(level, log);
  },
});
const { output } = await bundle.write({
  dir: inProject("dist"),
  format: "esm",
  entryFileNames: "[name].js",
  // Beside the programs: core/program-files.ts counts on it.
  chunkFileNames: "[name]-[hash].js",
  // Names stay, for stack traces; whoever needs lines starts with `node --enable-source-maps`.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  sourcemap: true,
});
await bundle.close();
writeFileSync(inProject("dist/THIRD-PARTY-LICENSES.txt"), licensesOf(output.flatMap(({ moduleIds = [] }) => moduleIds)));

/** Of the packages whose code was taken in. */
function licensesOf(moduleIds) {
  const folders = new Set(moduleIds.map(packageFolderOf).filter((folder) => folder !== null));
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
    const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return `dist/ holds code of these packages.\n\n${texts.join(`\n${"-".repeat(100)}\n\n`)}`;
}

/** Null: of none. */
function packageFolderOf(moduleId) {
  if (!moduleId.includes("/node_modules/")) return null;
  let folder = dirname(moduleId.replaceAll("\0", ""));
  // Packages have package.json files without a name in some of their folders.
  while (!existsSync(join(folder, "package.json")) || nameIn(folder) === undefined) folder = dirname(folder);
  return folder;
}

function nameIn(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name;
}
