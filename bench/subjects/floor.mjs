// The floor as a subject.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { proxyCore } from "../setup/cores.mjs";
import { startProcess } from "../setup/start-process.mjs";
import { subject } from "./subject.mjs";

const program = fileURLToPath(new URL("../floor.mjs", import.meta.url));

/** @param {import("./subject.mjs").Surroundings} surroundings */
export async function startFloor({ providerPort, dir }) {
  mkdirSync(dir, { recursive: true });
  const started = await startProcess({
    name: "the floor",
    command: [process.execPath, program, `http://127.0.0.1:${providerPort}`],
    core: proxyCore,
    logPath: `${dir}/floor.log`,
  });
  return subject({ name: "floor", title: "floor (node:http + undici)", ...started });
}
