// No proxy: the provider itself. What the others add is counted from here, and it shows what provider and load generator can do.
import { subject } from "./subject.mjs";

/** @param {import("./subject.mjs").Surroundings} surroundings */
export async function startDirect({ providerPort }) {
  return subject({ name: "direct", title: "no proxy", port: providerPort, pid: null, stop: async () => {} });
}
