// Models, their targets, and the deployments they are made of.
import type { DeploymentsTable, ModelsTable, ModelTargetsTable } from "../schema/models.ts";
import type { Page, PageRequest } from "./page.ts";

export type ModelRow = ModelsTable;
export type ModelTargetRow = ModelTargetsTable;
export type DeploymentRow = DeploymentsTable;

/** What lists of models are narrowed by, as `KeyFilter` says. */
export interface ModelFilter {
  /** Of these alone. */
  names?: readonly string[] | undefined;
  search?: string | undefined;
  /** Name of an endpoint that one of its targets is on. */
  endpoint?: string | undefined;
  /** As the admin API shows it. */
  status?: "active" | "offline" | "disabled" | undefined;
  kind?: "pool" | "virtual" | undefined;
}

export interface ModelRepository {
  insert(row: ModelRow): Promise<void>;
  get(id: string): Promise<ModelRow | null>;
  getByName(name: string): Promise<ModelRow | null>;
  all(): Promise<ModelRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: ModelFilter): Promise<Page<ModelRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<ModelRow>, ifVersion?: number): Promise<boolean>;
  /** Deletes the model with its targets; the deployments of a pool must have let go of it before. */
  delete(id: string): Promise<boolean>;
  /**
   * Deletes pool models that no deployment belongs to any more. One that is restricted to groups or limited stays: were it gone, it would be
   * open to everybody when it comes back.
   */
  deleteUnused(): Promise<void>;
}

export interface ModelTargetRepository {
  /** Of all models, by model and position. */
  all(): Promise<ModelTargetRow[]>;
  /** Of these models, by model and position. */
  ofModels(modelIds: readonly string[]): Promise<ModelTargetRow[]>;
  /** Those on the deployments of this endpoint, by model and position. */
  ofEndpoint(endpointId: string): Promise<ModelTargetRow[]>;
  /** Makes `targets` all that the model has, in their order. */
  replace(modelId: string, targets: readonly Pick<ModelTargetRow, "deployment_id" | "weight" | "priority">[]): Promise<void>;
  /** Takes a deployment out of every model, or out of the given one. */
  remove(deploymentId: string, modelId?: string): Promise<void>;
}

export interface DeploymentRepository {
  insert(row: DeploymentRow): Promise<void>;
  get(id: string): Promise<DeploymentRow | null>;
  /** All that are not removed. */
  all(): Promise<DeploymentRow[]>;
  /** Of one endpoint, removed ones included, by upstream model. */
  ofEndpoint(endpointId: string): Promise<DeploymentRow[]>;
  /** Of these models, not removed, by endpoint and upstream model. */
  ofModels(modelIds: readonly string[]): Promise<DeploymentRow[]>;
  /** Those that model_targets names for these models, not removed, each once, by endpoint and upstream model. */
  targetsOf(modelIds: readonly string[]): Promise<DeploymentRow[]>;
  update(id: string, changes: Partial<DeploymentRow>): Promise<void>;
  delete(id: string): Promise<void>;
}
