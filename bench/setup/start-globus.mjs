// Starts the stand-in for Globus and tells it how to behave.
import { fileURLToPath } from "node:url";
import { loadCore } from "./cores.mjs";
import { startProcess } from "./start-process.mjs";

/** @param {string} dir for its log */
export async function startGlobus(dir) {
  const started = await startProcess({
    name: "Globus",
    command: [process.execPath, fileURLToPath(new URL("../globus.mjs", import.meta.url))],
    core: loadCore,
    logPath: `${dir}/globus.log`,
  });
  /** @param {"healthy" | "late" | "silent" | "down"} mode @returns {Promise<{ port: number, questions: number }>} questions: so far */
  const enter = async (mode) => {
    const answer = await fetch(`http://127.0.0.1:${started.port}/${mode}`);
    return answer.json();
  };
  const { port } = await enter("healthy");
  return { ...started, enter, url: `http://127.0.0.1:${port}` };
}
