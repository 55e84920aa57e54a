// Where a benchmark keeps what it writes: a temporary folder that goes when it ends, unless another is named.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** @param {string} name of what is measured */
export function temporaryFolder(name) {
  const dir = mkdtempSync(join(tmpdir(), `headgate-${name}-`));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * @param {{ dir?: string, profile: boolean }} plan
 * @returns {{ dir: string, profileDir: string | null }} profileDir: null where nothing is profiled
 */
export function openFolders({ dir: named, profile }) {
  const dir = named === undefined ? temporaryFolder("bench") : resolve(named);
  mkdirSync(dir, { recursive: true });
  return { dir, profileDir: profile ? mkdtempSync(join(tmpdir(), "headgate-profile-")) : null };
}
