// The tables of models, their targets and deployments.

export interface ModelsTable {
  id: string;
  name: string;
  /** pool | virtual */
  kind: string;
  /** Null: balanced. */
  strategy: string | null;
  /** Null: every target once, at most 4. */
  max_attempts: number | null;
  /** JSON: the parts of a Hedge (domain/pool.ts) that were set; null: no hedging. */
  hedge: string | null;
  /** JSON: the timeouts that were set. */
  timeouts: string;
  /** Of a virtual model; a pool is disabled by disabling its deployments. Null: not disabled. */
  disabled_at: number | null;
  /** JSON list of names, ids or external ids of groups whose members may use it; null: all who are granted its name. */
  groups: string | null;
  /** JSON, as domain/limits.ts reads it; null: none. */
  limits: string | null;
  created_at: number;
  updated_at: number;
  version: number;
}

/** A target of a virtual model, or what a pool says about one of its deployments beside what the deployment's endpoint says. */
export interface ModelTargetsTable {
  model_id: string;
  deployment_id: string;
  /** Null: 1 in a virtual model, the endpoint's in a pool. */
  weight: number | null;
  /** Null: 0. */
  priority: number | null;
  /** The place in the model's list, from 0. */
  position: number;
}

export interface DeploymentsTable {
  id: string;
  endpoint_id: string;
  /** Null once removed by an administrator. */
  model_id: string | null;
  upstream_model: string;
  /** discovered | static | manifest */
  source: string;
  status: string;
  reason: string | null;
  since: number;
  /** Set when an administrator removed it: discovery leaves it alone until it is added again. */
  removed_at: number | null;
  created_at: number;
  updated_at: number;
}
