// The program's version, from package.json.
import { readFileSync } from "node:fs";
import { packageRoot } from "./core/program-files.ts";

const { version } = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")) as { version: string };

export const programVersion = version;
