// Where the time of a CPU profile went.
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * @param {string} path a .cpuprofile, as `node --cpu-prof` writes it
 * @param {number} limit rows per table
 * @returns {string} three tables: functions by their own time, our functions with all that they call, packages and folders
 */
export function topFunctions(path, limit) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, "utf8"));
  const stacks = stacksOf(nodes);
  const own = new Map();
  const withCallees = new Map();
  const owners = new Map();
  let busy = 0;
  let idle = 0;
  samples.forEach((id, index) => {
    const { stack, owner } = stacks.get(id);
    const micros = timeDeltas[index];
    if (stack[0].name === "(idle)") {
      idle += micros;
      return;
    }
    busy += micros;
    add(own, stack[0].place === "" ? nativeName(stack) : stack[0].text, micros);
    add(owners, owner, micros);
    for (const text of new Set(stack.filter((frame) => frame.place.startsWith("src/")).map((frame) => frame.text))) {
      add(withCallees, text, micros);
    }
  });
  const rows = (map) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit)
      .filter(([, micros]) => micros / busy > 0.002)
      .map(
        ([text, micros]) =>
          `${((micros / busy) * 100).toFixed(1).padStart(6)} %${(micros / 1000).toFixed(0).padStart(8)} ms  ${text}`,
      );
  const seconds = (micros) => (micros / 1e6).toFixed(1);
  return [
    `${path}: ${seconds(busy)} s busy, ${seconds(idle)} s idle; shares are of busy`,
    ...["", "Functions, their own time:", ...rows(own)],
    ...["", "Headgate's functions, with what they call (not with what they await):", ...rows(withCallees)],
    ...["", "Packages and folders, their own time and that of native code they call:", ...rows(owners)],
  ].join("\n");
}

/** How long the thread of a profile did something, in seconds. @param {string} path */
export function busySeconds(path) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, "utf8"));
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === "(idle)").map(({ id }) => id));
  return samples.reduce((sum, id, index) => (idle.has(id) ? sum : sum + timeDeltas[index]), 0) / 1e6;
}

/** For each node of the profile its frames, innermost first, and whom its time belongs to. */
function stacksOf(nodes) {
  const parents = new Map();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, readFrame(callFrame)]));
  return new Map(
    nodes.map(({ id }) => {
      const stack = [];
      for (let at = id; at !== undefined; at = parents.get(at)) stack.push(frames.get(at));
      const owner = stack.find(({ place }) => place !== "");
      return [id, { stack, owner: owner === undefined ? stack[0].name : ownerOf(owner.place) }];
    }),
  );
}

function readFrame({ functionName, url, lineNumber, columnNumber }) {
  const name = functionName || "(anonymous)";
  const source = mapOf(url)?.findEntry(lineNumber, columnNumber);
  const place = placeOf(source?.originalSource ?? url);
  const line = source?.originalLine ?? lineNumber;
  return { name, place, text: place === "" ? name : `${name}  ${place}:${line + 1}` };
}

const maps = new Map();

/** Of a bundle, where each part of it comes from; undefined: there is none. */
function mapOf(url) {
  if (!maps.has(url)) {
    const path = url.startsWith("file://") ? `${fileURLToPath(url)}.map` : "";
    maps.set(url, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, "utf8"))) : undefined);
  }
  return maps.get(url);
}

/** Native functions say little without who called them. */
function nativeName([frame, ...callers]) {
  const caller = callers.find(({ place }) => place !== "");
  return caller === undefined ? frame.name : `${frame.name}  for ${caller.text}`;
}

/** A path from the project's or the package's root on; "" for native code. */
function placeOf(url) {
  const path = url.replace(/^file:\/\//, "").replaceAll("\\", "/");
  return /^.*\/node_modules\/(.*)$/.exec(path)?.[1] ?? /(?:^|\/)((?:src|dist)\/.*)$/.exec(path)?.[1] ?? path;
}

/** The package, the folder of ours, or Node's own module. */
function ownerOf(place) {
  if (place.startsWith("node:")) return place;
  const folders = place.split("/").slice(0, -1);
  if (folders[0] === "src" || folders[0] === "dist") return folders.join("/");
  return folders.slice(0, place.startsWith("@") ? 2 : 1).join("/");
}

function add(map, name, micros) {
  map.set(name, (map.get(name) ?? 0) + micros);
}
