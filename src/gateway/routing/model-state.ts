// What failover and hedging remember of one model.
import { HedgePolicy } from "../failover/hedge-policy.ts";
import { RetryBudget } from "../failover/retry-budget.ts";
import { LearnedP95 } from "../health/learned-p95.ts";

export class ModelState {
  readonly retries = new RetryBudget();
  readonly hedges = new HedgePolicy();
  /** From the start of a request's first attempt to a first byte from any. */
  readonly firstBytes = new LearnedP95();
}
