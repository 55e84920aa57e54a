// Whether somebody asked for debug output; known even when the configuration as a whole is wrong.
import { readVariable } from "./environment.ts";

export function isVerbose(): boolean {
  return readVariable(process.env, "HEADGATE_LOG_LEVEL") === "debug";
}
