// Installs what the tests need with apt-get, where it is there and may be used; else says what is missing and what to do.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * `find` tells where the programs are, or null; what it finds is returned, after an installation of the Debian package
 * `packageName` where need be. Throws an error that says exactly what is missing when that is not possible here.
 *
 * `programs`: which ones are needed, and where they are looked for.
 */
export async function findOrInstall({ name, programs, packageName, find, log = () => {} }) {
  const found = find();
  if (found !== null) return found;
  const wanted = `${name} is needed for the tests (${programs})`;
  const byHand = `Install it with: apt-get install ${packageName}`;
  if (process.getuid?.() !== 0) throw new Error(`${wanted}, and only root may install it here. ${byHand}`);
  const hasApt = await run("apt-get", ["--version"]).then(
    () => true,
    () => false,
  );
  if (!hasApt) throw new Error(`${wanted}, and there is no apt-get here. Install ${name} with this system's package manager.`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, maxBuffer: 64 * 1024 * 1024 };
  try {
    log(`installing ${name} with apt-get`);
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "--yes", "--no-install-recommends", packageName], options);
  } catch (error) {
    throw new Error(`${wanted}, and apt-get failed: ${String(error.stderr || error.message).trim()}. ${byHand}`);
  }
  const installed = find();
  if (installed === null) throw new Error(`${wanted}; apt-get installed the package, but the programs are not there. ${byHand}`);
  return installed;
}
