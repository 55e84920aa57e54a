// What is remembered of deployments across changes of the configuration, and what is forgotten.
import { describe, expect, test } from "vitest";
import type { HealthTransition } from "./deployment-state.ts";
import { HealthRegistry } from "./health-registry.ts";

const http500 = { kind: "failure", cause: "http 500" } as const;

function observed(statesMax?: number) {
  const transitions: HealthTransition[] = [];
  const onTransition = (transition: HealthTransition) => transitions.push(transition);
  const options = { random: () => 0.5, onTransition };
  return { registry: new HealthRegistry(statesMax === undefined ? options : { ...options, statesMax }), transitions };
}

const ids = (registry: HealthRegistry) => [...registry.all()].map(({ deploymentId }) => deploymentId);

describe("HealthRegistry", () => {
  test("has one state for each deployment", () => {
    const { registry } = observed();
    expect(registry.of("a")).toBe(registry.of("a"));
    expect(registry.of("b")).not.toBe(registry.of("a"));
    expect(ids(registry)).toEqual(["a", "b"]);
  });

  test("tells which deployment a transition is of", () => {
    const { registry, transitions } = observed();
    for (let call = 0; call < 5; call++) registry.of("b").begin(0).end(http500, 0);
    expect(transitions).toMatchObject([{ deploymentId: "b", from: "healthy", to: "benched" }]);
  });

  test("keeps the state of deployments that stay", () => {
    const { registry } = observed();
    const state = registry.of("a");
    for (let call = 0; call < 5; call++) state.begin(0).end(http500, 0);
    registry.of("b");
    registry.keepOnly(["a", "c"]);
    expect(ids(registry)).toEqual(["a"]);
    expect(registry.of("a")).toBe(state);
    expect(registry.of("a").availability(1)).toBe("benched");
  });

  test("lets attempts of a forgotten deployment end without effect on a new one of the same id", () => {
    const { registry, transitions } = observed();
    const attempts = Array.from({ length: 30 }, () => registry.of("a").begin(0));
    registry.keepOnly([]);
    const again = registry.of("a");
    for (const attempt of attempts) {
      attempt.firstByte(5);
      attempt.end(http500, 10);
    }
    expect(transitions).toEqual([]);
    expect(again.view(10)).toMatchObject({ status: "healthy", inFlight: 0, failureRatio: null, latencyMs: null });
  });

  test("never holds more than its limit", () => {
    const { registry } = observed(3);
    for (const id of ["a", "b", "c", "d", "e", "d"]) registry.of(id);
    expect(ids(registry)).toEqual(["c", "d", "e"]);
  });
});
