// How the deployments of a model share its calls.

/**
 * balanced: the less loaded and quicker of two drawn at random. weighted: at random, by weight. priority: the first that
 * can take it. affinity: the same session to the same deployment.
 */
export const strategies = ["balanced", "weighted", "priority", "affinity"] as const;
export type Strategy = (typeof strategies)[number];

/** A second attempt elsewhere when the first is slow to begin its answer. */
export interface Hedge {
  /** Of the model's calls, how many may get a second attempt; 0.05 = 5 %. */
  extraTrafficMax: number;
  /** Never earlier than this after the first attempt, whatever was learned. */
  delayMinMs: number;
}

export const defaultHedge: Readonly<Hedge> = Object.freeze({ extraTrafficMax: 0.05, delayMinMs: 50 });

/** Attempts of one request, when a model does not say. */
export const defaultMaxAttempts = 4;
