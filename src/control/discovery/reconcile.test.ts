// Reconciliation: each rule by example, and what must hold whatever the provider lists.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KnownDeployment, outcomes, type Plan, type ReconcileInput, reconcile } from "./reconcile.ts";
import { notListed, notSelected, notSelectedAndMissing } from "./selection.ts";

function known(upstreamModel: string, changes: Partial<KnownDeployment> = {}): KnownDeployment {
  const deployment: KnownDeployment = {
    id: `dep-${upstreamModel}`,
    upstreamModel,
    name: upstreamModel,
    source: "discovered",
    status: "active",
    reason: null,
    removed: false,
  };
  return { ...deployment, ...changes };
}

function plan(changes: Partial<ReconcileInput>): Plan {
  return reconcile({
    selection: "all",
    aliases: {},
    deployments: [],
    reservedNames: new Set(),
    listed: [],
    rejected: [],
    guard: { signature: null, count: 0 },
    confirm: false,
    ...changes,
  });
}

const outcomeOf = ({ outcomes }: Plan, id: string) => outcomes.find((outcome) => outcome.id === id);

/** The deployments after `plan` is written. */
function applied(deployments: readonly KnownDeployment[], { additions, changes }: Plan): KnownDeployment[] {
  const changeOf = new Map(changes.map((change) => [change.deploymentId, change]));
  const updated = deployments.map((deployment) => {
    const change = changeOf.get(deployment.id);
    return change === undefined ? deployment : { ...deployment, status: change.status, reason: change.reason };
  });
  return [...updated, ...additions.map(({ upstreamModel, name }) => known(upstreamModel, { name }))];
}

const five = ["m1", "m2", "m3", "m4", "m5"];

describe("following all models", () => {
  test("new models are added under their alias or id", () => {
    const { additions, counts, status } = plan({ listed: ["a", "b"], aliases: { b: "prod-b" } });
    expect(additions).toEqual([
      { upstreamModel: "a", name: "a" },
      { upstreamModel: "b", name: "prod-b" },
    ]);
    expect(counts.added).toBe(2);
    expect(status).toBe("ok");
  });

  test("a model that is gone goes offline with its reason, and comes back when it is listed again", () => {
    const deployments = [known("a"), known("b")];
    const gone = plan({ deployments, listed: ["a"] });
    expect(gone.changes).toEqual([{ deploymentId: "dep-b", status: "offline", reason: notListed }]);
    expect(outcomeOf(gone, "b")).toMatchObject({ outcome: "offline" });
    const back = plan({ deployments: applied(deployments, gone), listed: ["a", "b"] });
    expect(back.changes).toEqual([{ deploymentId: "dep-b", status: "active", reason: null }]);
    expect(outcomeOf(back, "b")).toMatchObject({ outcome: "returned" });
  });

  test("static, removed and disabled deployments stay as people left them, listed or not", () => {
    const deployments = [
      known("static", { source: "static" }),
      known("removed", { removed: true, name: null }),
      known("disabled", { status: "disabled", reason: "too expensive" }),
    ];
    const listedAll = plan({ deployments, listed: ["static", "removed", "disabled"] });
    expect(listedAll).toMatchObject({ additions: [], changes: [], counts: { skipped: 2, unchanged: 1 } });
    expect(outcomeOf(listedAll, "removed")).toMatchObject({ outcome: "skipped", detail: "removed by an administrator" });
    expect(plan({ deployments, listed: ["other"] })).toMatchObject({
      changes: [],
      counts: { added: 1, skipped: 1, unchanged: 1 },
    });
  });

  test("ids that can't be names are reported", () => {
    expect(outcomeOf(plan({ listed: ["a"], rejected: ["bad\\n"] }), "bad\\n")).toMatchObject({ outcome: "skipped" });
  });
});

describe("pinned models", () => {
  test("what is listed but not pinned is reported as available", () => {
    const pinned = plan({ selection: ["a"], listed: ["a", "b"] });
    expect(outcomeOf(pinned, "a")).toMatchObject({ outcome: "added" });
    expect(outcomeOf(pinned, "b")).toEqual({ id: "b", outcome: "skipped", detail: "available, not selected" });
  });

  test("what is pinned but was never offered is reported; what is pinned and gone goes offline", () => {
    const pinned = plan({ selection: ["a", "never"], deployments: [known("a")], listed: ["b"] });
    expect(outcomeOf(pinned, "never")).toMatchObject({ outcome: "skipped", detail: "pinned, but not in the provider's list" });
    expect(outcomeOf(pinned, "a")).toMatchObject({ outcome: "offline" });
  });

  test("deselected deployments stay disabled and remember whether they were last seen missing", () => {
    const deployments = [known("a"), known("b", { status: "disabled", reason: notSelected })];
    const gone = plan({ selection: ["a"], deployments, listed: ["a"] });
    expect(gone.changes).toEqual([{ deploymentId: "dep-b", status: "disabled", reason: notSelectedAndMissing }]);
    const back = plan({ selection: ["a"], deployments: applied(deployments, gone), listed: ["a", "b"] });
    expect(back.changes).toEqual([{ deploymentId: "dep-b", status: "disabled", reason: notSelected }]);
  });
});

describe("conflicts", () => {
  test("names of virtual models and of this endpoint's other models are refused, the rest is saved", () => {
    const result = plan({
      listed: ["a", "b", "c", "d", "e"],
      aliases: { a: "smart", b: "held" },
      deployments: [known("old", { name: "held", status: "offline", reason: notListed })],
      reservedNames: new Set(["smart"]),
    });
    expect(result.counts).toMatchObject({ added: 3, conflict: 2 });
    expect(result.additions.map(({ name }) => name)).toEqual(["c", "d", "e"]);
    expect(outcomeOf(result, "a")?.detail).toContain("virtual model");
    expect(outcomeOf(result, "b")?.detail).toContain("'old'");
  });

  test("of new models that want one name none gets it", () => {
    const result = plan({ listed: ["a", "b", "c"], aliases: { a: "b" } });
    expect(result.additions).toEqual([{ upstreamModel: "c", name: "c" }]);
    expect(result.counts.conflict).toBe(2);
  });

  test("a removed deployment's name is free", () => {
    expect(
      plan({ listed: ["a"], aliases: { a: "x" }, deployments: [known("x", { removed: true, name: null })] }).counts.added,
    ).toBe(1);
  });
});

describe("the guard", () => {
  const deployments = five.map((id) => known(id));

  test("an empty list takes nothing offline until the third run in a row finds the same", () => {
    const first = plan({ deployments, listed: [] });
    const second = plan({ deployments, listed: [], guard: first.guard });
    const third = plan({ deployments, listed: [], guard: second.guard });
    expect([first, second, third].map(({ status, changes }) => [status, changes.length])).toEqual([
      ["guarded", 0],
      ["guarded", 0],
      ["ok", 5],
    ]);
    const fourth = plan({ deployments: applied(deployments, third), listed: [], guard: third.guard });
    expect(fourth).toMatchObject({ status: "ok", changes: [] });
  });

  test("an empty list is guarded even where there is nothing to lose", () => {
    expect(plan({ listed: [] }).status).toBe("guarded");
    expect(plan({ listed: [], deployments: [known("a")] })).toMatchObject({ status: "guarded", changes: [] });
  });

  test("a great loss is guarded from four active models on, when more than half are gone", () => {
    const four = deployments.slice(0, 4);
    const lossOf = (known: KnownDeployment[], listed: string[]) => plan({ deployments: known, listed }).status;
    expect(lossOf(four, ["m1"])).toBe("guarded");
    expect(lossOf(four, ["m1", "m2"])).toBe("ok");
    expect(lossOf(deployments.slice(0, 3), ["other"])).toBe("ok");
    expect(lossOf(deployments, ["m1", "m2"])).toBe("guarded");
    expect(lossOf(deployments, ["m1", "m2", "m3"])).toBe("ok");
  });

  test("only active discovered models count", () => {
    const others = [known("s", { source: "static" }), known("o", { status: "offline" }), known("d", { status: "disabled" })];
    expect(plan({ deployments: [...deployments.slice(0, 3), ...others], listed: ["new"] }).status).toBe("ok");
  });

  test("additions and returns apply although the guard holds", () => {
    const known4 = [...deployments, known("back", { status: "offline", reason: notListed })];
    const result = plan({ deployments: known4, listed: ["new", "back"] });
    expect(result).toMatchObject({ status: "guarded", counts: { added: 1, returned: 1, offline: 0, unchanged: 5 } });
    expect(result.changes).toEqual([{ deploymentId: "dep-back", status: "active", reason: null }]);
  });

  test("confirm takes the loss as real at once", () => {
    const result = plan({ deployments, listed: [], confirm: true });
    expect(result).toMatchObject({ status: "ok", counts: { offline: 5 } });
    expect(plan({ deployments: applied(deployments, result), listed: [], guard: result.guard }).status).toBe("ok");
  });

  test("another loss starts the count again, and a good list forgets it", () => {
    const first = plan({ deployments, listed: ["m1"] });
    const second = plan({ deployments, listed: ["m1"], guard: first.guard });
    expect(second.guard.count).toBe(2);
    const other = plan({ deployments, listed: ["m2"], guard: second.guard });
    expect(other).toMatchObject({ status: "guarded", guard: { count: 1 } });
    expect(plan({ deployments, listed: five, guard: second.guard }).guard).toEqual({ signature: null, count: 0 });
  });
});

describe("whatever is listed", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "constructor", "__proto__");
  const name = fc.constantFrom("a", "b", "x", "y", "virtual", "constructor");
  const deployment = fc.record({
    upstreamModel: id,
    source: fc.constantFrom("discovered" as const, "static" as const),
    status: fc.constantFrom("active" as const, "offline" as const, "disabled" as const),
    reason: fc.constantFrom(null, notListed, notSelected, notSelectedAndMissing, "by hand"),
    removed: fc.boolean(),
    alias: fc.option(name),
  });
  const input: fc.Arbitrary<ReconcileInput> = fc
    .record({
      selection: fc.oneof(fc.constant("all" as const), fc.uniqueArray(id)),
      aliases: fc.dictionary(id, name),
      drawn: fc.uniqueArray(deployment, { selector: ({ upstreamModel }) => upstreamModel }),
      listed: fc.uniqueArray(id),
      rejected: fc.array(fc.constant("bad\\n"), { maxLength: 2 }),
      guard: fc.record({ signature: fc.constantFrom(null, "other"), count: fc.nat(3) }),
      confirm: fc.boolean(),
    })
    .map(({ drawn, ...rest }) => {
      // As the database holds them: live deployments have names, each once, none a virtual model's.
      const names = new Set(["virtual"]);
      const deployments: KnownDeployment[] = [];
      for (const { alias, ...columns } of drawn) {
        const wanted = alias ?? columns.upstreamModel;
        if (!columns.removed && names.has(wanted)) continue;
        if (!columns.removed) names.add(wanted);
        deployments.push({ ...columns, id: `dep-${columns.upstreamModel}`, name: columns.removed ? null : wanted });
      }
      return { ...rest, deployments, reservedNames: new Set(["virtual"]) };
    });

  test("counts are the outcomes, and the outcomes are the changes", () => {
    fc.assert(
      fc.property(input, (given) => {
        const result = reconcile(given);
        for (const outcome of outcomes) {
          expect(result.counts[outcome]).toBe(result.outcomes.filter((entry) => entry.outcome === outcome).length);
        }
        expect(result.additions).toHaveLength(result.counts.added);
        expect(result.changes.filter(({ status }) => status === "active")).toHaveLength(result.counts.returned);
        expect(result.changes.filter(({ status }) => status === "offline")).toHaveLength(result.counts.offline);
        for (const listed of given.listed) expect(result.outcomes.filter(({ id }) => id === listed)).toHaveLength(1);
      }),
    );
  });

  test("no two live deployments of the endpoint have one public name, and none has a virtual model's", () => {
    fc.assert(
      fc.property(input, (given) => {
        const live = applied(given.deployments, reconcile(given)).filter(({ removed }) => !removed);
        const names = live.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(names).not.toContain("virtual");
      }),
    );
  });

  test("a guarded run takes nothing offline, and static, removed and hand-disabled deployments are never changed", () => {
    fc.assert(
      fc.property(input, (given) => {
        const result = reconcile(given);
        if (result.status === "guarded") expect(result.changes.filter(({ status }) => status === "offline")).toEqual([]);
        const changed = new Set(result.changes.map(({ deploymentId }) => deploymentId));
        for (const { id, source, removed, status, reason } of given.deployments) {
          const byHand = status === "disabled" && reason !== notSelected && reason !== notSelectedAndMissing;
          if (source === "static" || removed || byHand) expect(changed.has(id)).toBe(false);
        }
      }),
    );
  });

  test("once a run is not guarded, the same list changes nothing more", () => {
    fc.assert(
      fc.property(input, (given) => {
        const first = reconcile(given);
        const second = reconcile({
          ...given,
          deployments: applied(given.deployments, first),
          guard: first.guard,
          confirm: false,
        });
        expect(second.additions).toEqual([]);
        if (first.status === "ok") expect(second).toMatchObject({ status: "ok", changes: [] });
        else expect(second.changes.filter(({ status }) => status !== "offline")).toEqual([]);
      }),
    );
  });
});
