// Starts the stand-in for a provider.
import { fileURLToPath } from "node:url";
import { startProcess } from "./start-process.mjs";

/** @param {string} dir for its log */
export async function startProvider(dir, core) {
  return await startProcess({
    name: "the provider",
    command: [process.execPath, fileURLToPath(new URL("../provider.mjs", import.meta.url))],
    core,
    logPath: `${dir}/provider.log`,
  });
}
