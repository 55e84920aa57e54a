// How an endpoint is asked, between calls, whether it works.

export const probeKinds = ["models", "completion"] as const;

export interface Probe {
  /** models: its list of models. completion: one token from each of its active deployments. */
  kind: (typeof probeKinds)[number];
  intervalMs: number;
  timeoutMs: number;
}

export const defaultProbeIntervalMs = 30_000;
export const defaultProbeTimeoutMs = 10_000;
