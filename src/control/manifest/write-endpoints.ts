// The endpoints and deployments of one manifest within a transaction: what is there, what an entry makes of it, what has gone.
import type { Cipher } from "../../core/cipher.ts";
import type { Secret } from "../../core/secret.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { DeploymentRow } from "../../storage/ports/models.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import { recordChange } from "../audit/record-change.ts";
import { credentialContext } from "../discovery/list-target.ts";
import { modelIdOfName } from "../discovery/model-of-name.ts";
import { endpointNameOf } from "./endpoint-name.ts";
import { deploymentIdOf } from "./entry-ids.ts";
import { noLongerThere, type PlannedEntry } from "./planned-entry.ts";

/** An entry that points to another scheme, host or port than before: its key goes there from now on. */
export interface MovedEntry {
  key: string;
  from: string;
  to: string;
}

interface Found {
  /** Of the manifest, by id. */
  endpoints: Map<string, EndpointRow>;
  /** Of those, by endpoint and id. */
  deployments: Map<string, Map<string, DeploymentRow>>;
  /** Of all endpoints. */
  names: Set<string>;
  /** Ids of the deployments that virtual models name. */
  targeted: ReadonlySet<string>;
}

export class EndpointRows {
  changed = false;
  readonly moved: MovedEntry[] = [];
  readonly #tx: Repositories;
  readonly #manifest: ManifestRow;
  readonly #cipher: Cipher;
  readonly #nowMs: number;
  readonly #found: Found;
  readonly #wanted = new Set<string>();
  readonly #additions: { plan: PlannedEntry; model: string; id: string }[] = [];
  #hasDeleted = false;

  static async read(
    tx: Repositories,
    manifest: ManifestRow,
    virtualIds: ReadonlySet<string>,
    options: { cipher: Cipher; nowMs: number },
  ): Promise<EndpointRows> {
    const all = await tx.endpoints.all();
    const endpoints = new Map(all.filter(({ manifest_id }) => manifest_id === manifest.id).map((row) => [row.id, row]));
    const deployments = new Map([...endpoints.keys()].map((id) => [id, new Map<string, DeploymentRow>()]));
    if (endpoints.size > 0) {
      for (const row of await tx.deployments.all()) deployments.get(row.endpoint_id)?.set(row.id, row);
    }
    const targets = virtualIds.size === 0 ? [] : await tx.modelTargets.ofModels([...virtualIds]);
    const targeted = new Set(targets.map(({ deployment_id }) => deployment_id));
    return new EndpointRows(tx, manifest, options, {
      endpoints,
      deployments,
      names: new Set(all.map(({ name }) => name)),
      targeted,
    });
  }

  private constructor(
    tx: Repositories,
    manifest: ManifestRow,
    { cipher, nowMs }: { cipher: Cipher; nowMs: number },
    found: Found,
  ) {
    this.#tx = tx;
    this.#manifest = manifest;
    this.#cipher = cipher;
    this.#nowMs = nowMs;
    this.#found = found;
  }

  /** Makes or changes the entry's endpoint, and the deployments that it has. New ones wait for `addDeployments`. */
  async write(plan: PlannedEntry): Promise<void> {
    this.#wanted.add(plan.endpointId);
    const row = this.#found.endpoints.get(plan.endpointId);
    if (row === undefined) await this.#insert(plan);
    else await this.#update(row, plan);
    const present = this.#found.deployments.get(plan.endpointId);
    const kept = new Set<string>();
    for (const model of plan.models) {
      const id = deploymentIdOf(this.#manifest.id, plan.entry.key, model);
      const deployment = present?.get(id);
      if (deployment === undefined) this.#additions.push({ plan, model, id });
      else {
        kept.add(id);
        await this.#setState(deployment, plan.status, plan.reason);
      }
    }
    for (const deployment of present?.values() ?? []) if (!kept.has(deployment.id)) await this.#drop(deployment);
  }

  /** Removes the endpoints of entries that are not there, but for what virtual models name. */
  async removeOthers(): Promise<void> {
    for (const row of this.#found.endpoints.values()) {
      if (this.#wanted.has(row.id)) continue;
      const deployments = [...(this.#found.deployments.get(row.id)?.values() ?? [])];
      if (!deployments.some(({ id }) => this.#found.targeted.has(id))) {
        await this.#tx.endpoints.delete(row.id);
        this.#hasDeleted = true;
        this.changed = true;
        continue;
      }
      for (const deployment of deployments) await this.#drop(deployment);
      if (row.api_key_ciphertext !== null) await this.#change(row, { api_key_ciphertext: null });
    }
  }

  /** Makes the deployments that `write` found missing, and the models that are new; then models go that nobody has any more. */
  async addDeployments(): Promise<void> {
    // In order of names: two processes that create the same models then wait for each other instead of deadlocking.
    for (const { plan, model, id } of this.#additions.toSorted((a, b) => (a.model < b.model ? -1 : 1))) {
      // Somebody has removed it: it stays so.
      if (this.#found.endpoints.has(plan.endpointId) && (await this.#tx.deployments.get(id)) !== null) continue;
      await this.#tx.deployments.insert({
        id,
        endpoint_id: plan.endpointId,
        model_id: await modelIdOfName(this.#tx, model, this.#nowMs),
        upstream_model: model,
        source: "manifest",
        status: plan.status,
        reason: plan.reason,
        since: this.#nowMs,
        removed_at: null,
        created_at: this.#nowMs,
        updated_at: this.#nowMs,
      });
      this.changed = true;
    }
    if (this.#hasDeleted) await this.#tx.models.deleteUnused();
  }

  async #insert(plan: PlannedEntry): Promise<void> {
    const { endpointId: id, entry, columns, token } = plan;
    const { names } = this.#found;
    const name = endpointNameOf(this.#manifest.name, entry.key, id, (candidate) => names.has(candidate));
    names.add(name);
    await this.#tx.endpoints.insert({
      id,
      name,
      ...columns,
      base_url: null,
      api_key_ciphertext: token === null ? null : this.#encrypt(id, token),
      aliases: "{}",
      sync_interval_ms: 0,
      timeouts: "{}",
      probe: null,
      origin: "manifest",
      manifest_id: this.#manifest.id,
      manifest_key: entry.key,
      guard_signature: null,
      guard_count: 0,
      created_at: this.#nowMs,
      updated_at: this.#nowMs,
      version: 1,
    });
    this.changed = true;
  }

  async #update(row: EndpointRow, { columns, token, entry }: PlannedEntry): Promise<void> {
    const changes: Partial<EndpointRow> = {};
    for (const [column, value] of Object.entries(columns)) {
      if (value !== row[column as keyof EndpointRow]) Object.assign(changes, { [column]: value });
    }
    if (!this.#hasToken(row, token)) changes.api_key_ciphertext = token === null ? null : this.#encrypt(row.id, token);
    const from = new URL(row.url).origin;
    const to = new URL(columns.url).origin;
    if (from !== to) {
      this.moved.push({ key: entry.key, from, to });
      await this.#recordMove(row, columns.url);
    }
    if (Object.keys(changes).length > 0) await this.#change(row, changes);
  }

  async #recordMove({ id, name, url }: EndpointRow, newUrl: string): Promise<void> {
    await recordChange(this.#tx, {
      actor: { kind: "system", name: `manifest ${this.#manifest.name}` },
      requestId: null,
      action: "endpoint.move",
      resource: { kind: "endpoint", id, name },
      before: { url },
      after: { url: newUrl },
      nowMs: this.#nowMs,
    });
  }

  async #change(row: EndpointRow, changes: Partial<EndpointRow>): Promise<void> {
    await this.#tx.endpoints.update(row.id, { ...changes, updated_at: this.#nowMs });
    this.changed = true;
  }

  /** Each encryption gives another text, so only the plain ones can be compared. */
  #hasToken({ id, api_key_ciphertext: ciphertext }: EndpointRow, token: Secret | null): boolean {
    if (ciphertext === null || token === null) return ciphertext === null && token === null;
    try {
      return this.#cipher.decrypt(ciphertext, credentialContext(id)) === token.expose();
    } catch {
      return false; // under another secret key, or damaged: the one at hand takes its place
    }
  }

  #encrypt(endpointId: string, token: Secret): string {
    return this.#cipher.encrypt(token.expose(), credentialContext(endpointId));
  }

  async #drop(deployment: DeploymentRow): Promise<void> {
    if (this.#found.targeted.has(deployment.id)) return this.#setState(deployment, "offline", noLongerThere);
    await this.#tx.deployments.delete(deployment.id);
    this.#hasDeleted = true;
    this.changed = true;
  }

  /** What an administrator has disabled stays so. */
  async #setState(deployment: DeploymentRow, status: "active" | "offline", reason: string | null): Promise<void> {
    if (deployment.status === "disabled" || (deployment.status === status && deployment.reason === reason)) return;
    await this.#tx.deployments.update(deployment.id, { status, reason, since: this.#nowMs, updated_at: this.#nowMs });
    this.changed = true;
  }
}
