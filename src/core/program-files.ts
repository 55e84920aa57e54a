// Where the program's own files are, whether this file runs from src/ (in tests), from compiled/ (in tools) or in a bundle in dist/.

const isOneOfMany = /\/core\/program-files\.[jt]s$/.test(import.meta.url);

/** The folder with package.json. */
export const packageRoot = new URL(isOneOfMany ? "../../" : "../", import.meta.url);

/** A file of the build. Node 20 starts processes and threads from JavaScript only, so tests of sources start the built ones. */
export function programFile(name: string): URL {
  return new URL(`dist/${name}`, packageRoot);
}
