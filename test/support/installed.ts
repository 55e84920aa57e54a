// Programs that a machine may have or not: a test of what they say is skipped, and replaced by a smaller one, where they are missing.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program that is installed here; null: it isn't. */
export function installed(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  const found = folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  return found ?? null;
}
