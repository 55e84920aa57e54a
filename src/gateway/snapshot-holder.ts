// Holds the current snapshot: control puts it in, the gateway takes it out.
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import type { SnapshotSource } from "./ports.ts";
import { Snapshot } from "./snapshot.ts";

export class SnapshotHolder implements SnapshotSource {
  #current: Snapshot | null = null;
  readonly #onChange: (snapshot: Snapshot, part: "all" | SnapshotPatch["part"]) => void;

  /** `onChange` runs after every change, e.g. to drop connections to endpoints that are gone. */
  constructor(onChange: (snapshot: Snapshot, part: "all" | SnapshotPatch["part"]) => void) {
    this.#onChange = onChange;
  }

  current(): Snapshot | null {
    return this.#current;
  }

  replace(content: SnapshotContent): void {
    this.#current = new Snapshot(content);
    this.#onChange(this.#current, "all");
  }

  /** Applies a patch to the current snapshot; there must be one. */
  apply(patch: SnapshotPatch, nowMs: number): void {
    if (this.#current === null) throw new Error("no snapshot to patch");
    this.#current.apply(patch, nowMs);
    this.#onChange(this.#current, patch.part);
  }
}
