// For the tests of one `describe`: who counts is started once; after each test the processes stop, and what was counted is lost.
import { afterAll, afterEach, beforeAll } from "vitest";
import type { LeasedAllowancesOptions } from "../../src/control/allowances/leases/leased-allowances.ts";
import { type HostKind, type LeaseHost, startLeaseHost } from "./lease-hosts.ts";
import { type SharedProcesses, startSharedProcesses } from "./shared-processes.ts";

export interface OnLeaseHost {
  readonly host: LeaseHost;
  /** Once in each test. */
  start(count: number, options?: Partial<LeasedAllowancesOptions>): Promise<SharedProcesses>;
}

export function onLeaseHost(kind: HostKind): OnLeaseHost {
  let host: LeaseHost;
  let shared: SharedProcesses | null = null;
  beforeAll(async () => {
    host = await startLeaseHost(kind);
  });
  afterAll(() => host.destroy());
  afterEach(async () => {
    await shared?.close();
    shared = null;
    await host.lose();
  });
  return {
    get host() {
      return host;
    },
    async start(count, options = {}) {
      shared = await startSharedProcesses(count, { host, ...options });
      return shared;
    },
  };
}
