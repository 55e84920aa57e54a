// What the strategies are called, and what each does, in a sentence.
import type { Strategy } from "../../../src/domain/pool.ts";

export const strategyTexts: Readonly<Record<Strategy, { label: string; sentence: string }>> = {
  balanced: {
    label: "Balanced",
    sentence: "Of two targets drawn by weight, the one that is quicker and less busy takes the call.",
  },
  weighted: { label: "Weighted", sentence: "Calls are drawn at random, each target gets its share by weight." },
  priority: {
    label: "Priority",
    sentence: "The first target that can take the call gets it: lower priority first, then in the order of the list.",
  },
  affinity: {
    label: "Affinity",
    sentence:
      "Calls of one session stay with one target, so that its prompt cache keeps hitting, as long as it is not overloaded.",
  },
};

export const strategyOptions = Object.entries(strategyTexts).map(([value, { label }]) => [value, label] as const);
