// What V8 takes in a process that was started without flags for it: little while it starts, and room for its calls' new objects afterwards.
// V8 reads its limits before any of our code runs, but how fast the space grows each time it grows, and what it goes for, it asks again.
import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { namesHeapFlags } from "../config/names-heap-flags.ts";
import { callsHeapFlags } from "./heap-flags.ts";

/** What new objects have once calls are served, and as much again to move what lives to. bench/README.md (What holds memory) has what less and more cost. */
const halfBytes = 8 * 1024 * 1024;

/** New objects have 1 MB, and memory counts more than speed: before the program's parts are loaded. */
export function startSmall(): void {
  if (namesHeapFlags()) return;
  setFlagsFromString("--optimize-for-size");
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Once it has started: with less room, what calls hold for a moment would be taken for old. */
export function growForCalls(): void {
  if (namesHeapFlags()) return;
  setFlagsFromString("--no-optimize-for-size");
  for (const flag of callsHeapFlags) setFlagsFromString(flag);
  let isGrowing = false;
  const adapt = () => {
    const bytes = youngBytes();
    isGrowing = bytes < 2 * halfBytes;
    // In as few steps as there can be: under load another may come before anybody could stop it. Often only one half is there to be seen.
    const factor = isGrowing ? Math.max(2, Math.floor(halfBytes / bytes)) : 1;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  adapt();
  const observer = new PerformanceObserver((list) => {
    // A collection of old objects while nothing is to do makes it small again.
    const mayBeSmaller = list.getEntries().some(isMajor);
    if (isGrowing || mayBeSmaller) adapt();
  });
  observer.observe({ entryTypes: ["gc"] });
}

function isMajor(entry: PerformanceEntry): boolean {
  return (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}
