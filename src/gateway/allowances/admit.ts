// Whether a call is within the allowances of its caller and its model, and who pays for it.
import { HeadgateError } from "../../core/errors.ts";
import type { RateCharge } from "../../domain/allowance.ts";
import { type Principal, payerOf } from "../access.ts";
import type { Call } from "../call.ts";
import type { AllowanceSource } from "../ports.ts";

/** Takes one request from every allowance that applies, or throws 429 `rate_limit_exceeded` and takes none. */
export function admit({ allowances }: { allowances: AllowanceSource }, call: Call, principal: Principal, nowMs: number): void {
  const { snapshot, model } = call;
  call.payingGroupId = payerOf(principal, principal.userId === null ? undefined : snapshot.user(principal.userId), model);
  const ofModel = model === null ? null : (snapshot.model(model)?.charge ?? null);
  if (ofModel === null && principal.charges.length === 0) return;
  const charges = ofModel === null ? principal.charges : [...principal.charges, ofModel];
  const refusal = allowances.takeRequest(charges, nowMs);
  if (refusal === null) return;
  const { charge, limit, retryAfterMs } = refusal;
  const [count, period] =
    limit === "requests_per_second" ? [charge.limits.requestsPerSecond, "second"] : [charge.limits.requestsPerMinute, "minute"];
  throw new HeadgateError("rate_limit_exceeded", {
    message: `${ownerOf(charge, call)} is limited to ${count} requests a ${period}. Retry after the time in retry-after.`,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}

/** In words that tell a caller nothing new. */
function ownerOf({ subject }: RateCharge, call: Call): string {
  if (subject.startsWith("key:")) return "This key";
  if (subject.startsWith("user:")) return "This user";
  if (subject.startsWith("model:")) return `The model '${call.model}'`;
  return "A group of this caller";
}
