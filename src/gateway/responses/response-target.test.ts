// A call that names a response goes to the place that keeps it, or is told why it can't.
import { describe, expect, test } from "vitest";
import { contentOf, endpointOf, keyOf, modelOf, targetOf } from "../../domain/fixtures/views.ts";
import type { ResponseOwner } from "../../domain/response-owner.ts";
import type { DeploymentStatus, ModelView, TargetView } from "../../domain/snapshot.ts";
import type { Principal } from "../access.ts";
import { type ModelRoute, Snapshot } from "../snapshot.ts";
import { followUpTarget, keptResponse } from "./response-target.ts";

function deployment(id: string, endpointId: string, status: DeploymentStatus = "active"): TargetView {
  return targetOf({ id, endpointId, upstreamModel: `upstream-${id}`, status });
}

function model(name: string, deployments: TargetView[]): ModelView {
  return modelOf({ name, deployments });
}

function snapshotOf(...models: ModelView[]): Snapshot {
  return new Snapshot(contentOf({ endpoints: [endpointOf({ id: "ep_a" }), endpointOf({ id: "ep_b" })], models }));
}

function caller(...models: string[]): Principal {
  return new Snapshot(contentOf({ keys: [keyOf({ models })] })).principalOfKey("key_1") as Principal;
}

const made: ResponseOwner = { deploymentId: "dep_1", endpointId: "ep_a", model: "m", owner: "key:key_1" };
const offline = { code: "model_offline", options: expect.objectContaining({ retryAfterSeconds: 30 }) };

describe("previous_response_id", () => {
  const target = (...deployments: TargetView[]) =>
    followUpTarget(snapshotOf(model("m", deployments)).model("m") as ModelRoute, made).deployment.id;

  test("goes to the deployment that made the response, wherever it stands in the pool", () => {
    expect(target(deployment("dep_2", "ep_b"), deployment("dep_1", "ep_a"))).toBe("dep_1");
    expect(target(deployment("dep_3", "ep_a"), deployment("dep_1", "ep_a"))).toBe("dep_1");
  });

  test("with another model goes to one at the same endpoint, which keeps the response", () => {
    expect(target(deployment("dep_2", "ep_b"), deployment("dep_3", "ep_a"))).toBe("dep_3");
    expect(target(deployment("dep_4", "ep_a", "offline"), deployment("dep_3", "ep_a"))).toBe("dep_3");
  });

  test("is refused while that is offline, whatever else is online", () => {
    const others = [deployment("dep_2", "ep_b"), deployment("dep_3", "ep_a")];
    for (const status of ["offline", "disabled"] as const) {
      expect(() => target(deployment("dep_1", "ep_a", status), ...others)).toThrow(expect.objectContaining(offline));
    }
    expect(() => target(deployment("dep_4", "ep_a", "offline"))).toThrow(expect.objectContaining(offline));
  });

  test("is refused for a model that the endpoint does not serve", () => {
    const refused = { code: "response_not_found", options: expect.objectContaining({ field: "previous_response_id" }) };
    expect(() => target(deployment("dep_2", "ep_b"))).toThrow(expect.objectContaining(refused));
  });
});

describe("a kept response", () => {
  const notFound = { code: "response_not_found" };

  test("is where its deployment is, through the model that made it or the one that has it now", () => {
    const own = model("m", [deployment("dep_2", "ep_b"), deployment("dep_1", "ep_a")]);
    const found = keptResponse(snapshotOf(model("a", [deployment("dep_1", "ep_a")]), own), caller("*"), made);
    expect(found).toMatchObject({ model: "m", endpoint: { id: "ep_a" }, target: { deployment: { id: "dep_1" } } });
    const renamed = snapshotOf(model("renamed", [deployment("dep_1", "ep_a")]));
    expect(keptResponse(renamed, caller("*"), made)).toMatchObject({ model: "renamed", endpoint: { id: "ep_a" } });
  });

  test("is not there for a caller who may use none of its models any more", () => {
    const snapshot = snapshotOf(model("m", [deployment("dep_1", "ep_a")]), model("n", [deployment("dep_1", "ep_a")]));
    expect(keptResponse(snapshot, caller("n"), made)).toMatchObject({ model: "n" });
    expect(() => keptResponse(snapshot, caller("other"), made)).toThrow(expect.objectContaining(notFound));
  });

  test("is not there when its deployment is gone, and told to be offline while that is", () => {
    expect(() => keptResponse(snapshotOf(model("m", [deployment("dep_2", "ep_a")])), caller("*"), made)).toThrow(
      expect.objectContaining(notFound),
    );
    const away = model("m", [deployment("dep_1", "ep_a", "offline")]);
    expect(() => keptResponse(snapshotOf(away), caller("*"), made)).toThrow(expect.objectContaining(offline));
    // A virtual model that was disabled, say.
    const other = model("n", [deployment("dep_1", "ep_a")]);
    expect(keptResponse(snapshotOf(away, other), caller("*"), made)).toMatchObject({ model: "n" });
  });

  test("of a call that named no model is at its endpoint", () => {
    const nameless = { ...made, deploymentId: null, model: "" };
    expect(keptResponse(snapshotOf(), caller("*"), nameless)).toMatchObject({
      endpoint: { id: "ep_a" },
      target: null,
      model: null,
    });
    const gone = { ...nameless, endpointId: "ep_gone" };
    expect(() => keptResponse(snapshotOf(), caller("*"), gone)).toThrow(expect.objectContaining(notFound));
  });
});
