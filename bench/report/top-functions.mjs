// Where the time of a CPU profile went.
import { readFileSync } from "node:fs";
import { sep } from "node:path";

/**
 * @param {string} path a .cpuprofile, as `node --cpu-prof` writes it
 * @param {number} limit functions to list
 * @returns {string} two tables: functions, then packages and folders, by self time
 */
export function topFunctions(path, limit) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, "utf8"));
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byFunction = new Map();
  const byOwner = new Map();
  let busy = 0;
  let idle = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const micros = timeDeltas[index];
    if (frame.functionName === "(idle)") {
      idle += micros;
      return;
    }
    busy += micros;
    const place = placeOf(frame.url);
    add(
      byFunction,
      `${frame.functionName || "(anonymous)"}  ${place}${frame.lineNumber < 0 ? "" : `:${frame.lineNumber + 1}`}`,
      micros,
    );
    add(byOwner, ownerOf(place, frame.functionName), micros);
  });
  const rows = (map, count) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(
        ([name, micros]) =>
          `${((micros / busy) * 100).toFixed(1).padStart(6)} %  ${(micros / 1000).toFixed(0).padStart(7)} ms  ${name}`,
      );
  const seconds = (micros) => (micros / 1e6).toFixed(1);
  return [
    `${path}: ${seconds(busy)} s busy, ${seconds(idle)} s idle; self time as a share of busy`,
    "",
    ...rows(byFunction, limit),
    "",
    "by owner:",
    ...rows(byOwner, 25),
  ].join("\n");
}

function add(map, name, micros) {
  map.set(name, (map.get(name) ?? 0) + micros);
}

/** A path from the project's or the package's root on. */
function placeOf(url) {
  const path = url.replace(/^file:\/\//, "").replaceAll(sep, "/");
  const found = /\/node_modules\/(?!.*\/node_modules\/)(.*)$/.exec(path) ?? /\/(dist\/.*)$/.exec(path);
  return found?.[1] ?? path;
}

/** The package, the folder of ours (two levels), Node's own module, or V8's name for what no source has, such as (garbage collector). */
function ownerOf(place, functionName) {
  if (place === "") return functionName.startsWith("(") ? functionName : "native code";
  if (place.startsWith("node:")) return place;
  const parts = place.split("/");
  return parts
    .slice(
      0,
      place.startsWith("@") || parts.length > 2
        ? parts[0] === "dist"
          ? Math.min(3, parts.length - 1)
          : place.startsWith("@")
            ? 2
            : 1
        : 1,
    )
    .join("/");
}
