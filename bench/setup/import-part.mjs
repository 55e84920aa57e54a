// A module of a built Headgate by itself, for what a benchmark prepares or measures in its own process.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * @param {string} headgatePath the build's dist/main.js, beside whose folder compiled/ has the modules one by one
 * @param {string} path such as `storage/open-storage.js`
 */
export function importPart(headgatePath, path) {
  return import(pathToFileURL(resolve(headgatePath, "../../compiled", path)).href);
}
