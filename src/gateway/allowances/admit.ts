// Whether a call is within the allowances of its caller and its model, and who pays for it.
import type { Clock } from "../../core/clock.ts";
import type { Charge, Refusal, Reservation } from "../../domain/allowance.ts";
import type { Price } from "../../domain/price.ts";
import { type Principal, payerOf } from "../access.ts";
import type { AskedTokens } from "../body/asked-tokens.ts";
import type { Call } from "../call.ts";
import type { AllowanceSource } from "../ports.ts";
import type { CallRoute } from "../route.ts";
import { demandOf } from "./demand-of.ts";
import type { OutputEstimates } from "./output-estimates.ts";
import { refusalError } from "./refusal-error.ts";

export interface AdmitDeps {
  allowances: AllowanceSource;
  outputs: OutputEstimates;
  clock: Clock;
}

/** What is known of a call when it asks to be admitted. */
export interface Asked {
  route: CallRoute;
  /** Of the body; null: it is no JSON. */
  tokens: AskedTokens | null;
  /** Of the deployments that may serve it. */
  prices: readonly (Price | null)[];
}

/**
 * Reserves what the call may use from every allowance that applies, or throws 429 `rate_limit_exceeded`, `concurrency_limit_exceeded` or
 * `insufficient_quota`, or 403 `unpriced_model`, and takes nothing. Returns a promise only where an authority elsewhere is asked.
 */
export function admit(deps: AdmitDeps, call: Call, principal: Principal, asked: Asked): Promise<void> | undefined {
  const { snapshot, model } = call;
  call.payingGroupId = payerOf(principal, principal.userId === null ? undefined : snapshot.user(principal.userId), model);
  const ofModel = model === null ? null : (snapshot.model(model)?.charge ?? null);
  if (ofModel === null && principal.charges.length === 0) return;
  const charges: readonly Charge[] = ofModel === null ? principal.charges : [...principal.charges, ofModel];
  const demand = demandOf(call, charges, deps.outputs, asked);
  const answer = deps.allowances.reserve(demand, deps.clock.nowMs());
  if (answer instanceof Promise) return answer.then((settled) => take(settled));
  take(answer);

  function take(result: Reservation | Refusal): void {
    call.standing = result.standing;
    if (result.kind !== "reserved") throw refusalError(result, call, demand, deps.clock.nowMs());
    call.reservation = result;
  }
}
