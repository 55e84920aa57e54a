// Which process runs on which core: the proxy under test has core 0 to itself, everything else is on core 1, unless asked otherwise.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** A list as taskset takes it. */
export let proxyCore = "0";
/** Of the load generator. */
export let loadCore = "1";
export let providerCore = "1";

const taskset = "taskset";

/** False where processes can't be pinned (no taskset, one core): the figures then say less. */
export const canPin = availableParallelism() >= 2 && spawnSync(taskset, ["--version"]).status === 0;

/**
 * Gives the proxy under test the first `count` cores; load generator and provider get the next one each, or share the last.
 * With all of the machine's cores for the proxy, the load is on all of them too: CPU times can be compared then, rates can't.
 * Throws when the machine has too few.
 * @param {number} count
 */
export function giveProxyCores(count) {
  const last = availableParallelism() - 1;
  if (canPin && count > last + 1) throw new Error(`--proxy-cores takes up to ${last + 1} here: there are no more`);
  proxyCore = Array.from({ length: count }, (_, core) => core).join(",");
  if (count > last) {
    loadCore = proxyCore;
    providerCore = proxyCore;
    return;
  }
  loadCore = String(Math.min(count, last));
  providerCore = String(Math.min(count + (count > 1 ? 1 : 0), last));
}

/** Which cores have what, in words. @param {boolean} isForeign the gateway under test was started by somebody else */
export function describeCores(isForeign = false) {
  if (isForeign)
    return `The gateway runs where it was started; the load generator ${canPin ? `on core ${loadCore}` : "anywhere"}`;
  if (!canPin)
    return "NOT pinned to cores (needs taskset and two cores): the proxies share cores with the load, read the figures with care";
  if (loadCore === proxyCore) return `All of it, provider and load generator too, shares the cores ${proxyCore}`;
  const others =
    loadCore === providerCore
      ? `provider and load generator to core ${loadCore}`
      : `the load generator to core ${loadCore}, the provider to core ${providerCore}`;
  return `Pinned: the proxy to core ${proxyCore}, ${others}`;
}

/**
 * A command line that runs `command` on these cores.
 * @param {string} core
 * @param {string[]} command
 */
export function onCore(core, command) {
  return canPin ? [taskset, "-c", core, ...command] : command;
}

/** Moves this process, with all its threads, to `core`. @param {string} core */
export function moveSelfTo(core) {
  if (canPin) spawnSync(taskset, ["-a", "-c", "-p", core, String(process.pid)]);
}
