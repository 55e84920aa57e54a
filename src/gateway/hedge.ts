// A second attempt beside a first that is slow to answer: the better of the two goes on, the other is given up.
import { HeadgateError } from "../core/errors.ts";
import { CallerGone } from "./call.ts";
import { judge, leave, type Run } from "./call-run.ts";
import { type Flight, settled, tellHealth } from "./flight.ts";
import type { Opening } from "./upstream/attempt.ts";

interface Opened {
  flight: Flight;
  opening: Opening;
}

/** `second` starts the other attempt, or returns null when there is none to be had. */
export async function openWithHedge(
  run: Run,
  first: Flight,
  afterMs: number,
  second: () => Promise<Flight | null>,
): Promise<Opened> {
  const early = await openedWithin(run, first, afterMs);
  if (early !== null || run.interruption !== null) return early ?? opened(first);
  const other = await second().catch((error: unknown) => {
    if (error instanceof HeadgateError || error instanceof CallerGone) return null;
    throw error;
  });
  if (other === null) return opened(first);

  const quicker = await Promise.race([opened(first), opened(other)]);
  const slower = quicker.flight === first ? other : first;
  if (run.interruption !== null) {
    giveUp(run, slower, null);
    return quicker;
  }
  const verdict = judge(run, quicker.flight, quicker.opening);
  if (verdict.retry) {
    // It failed, but not the call: the other attempt is still under way.
    leave(run, quicker.flight, quicker.opening, verdict);
    run.plan.call.endpoint = slower.destination.endpoint;
    return opened(slower);
  }
  giveUp(run, slower, quicker.flight);
  return quicker;
}

async function opened(flight: Flight): Promise<Opened> {
  return { flight, opening: await flight.attempt.opened };
}

/** Null when the time is over first. */
function openedWithin(run: Run, flight: Flight, afterMs: number): Promise<Opened | null> {
  return new Promise((resolve) => {
    const timer = run.deps.clock.after(afterMs, () => resolve(null));
    void opened(flight).then((result) => {
      timer.cancel();
      resolve(result);
    });
  });
}

/** Ends the attempt that was not quicker; it says nothing about its deployment, and the endpoint may charge for what it saw. */
function giveUp(run: Run, flight: Flight, winner: Flight | null): void {
  const { flights, deps } = run;
  flights.splice(flights.indexOf(flight), 1);
  flight.attempt.abort(new CallerGone());
  tellHealth(flight, null, deps.clock.nowMs());
  const error = winner === null ? "client_disconnected" : "hedge_lost";
  void settled(deps, flight, { status: 499, error, final: false, estimated: true });
  if (winner !== null) run.plan.call.endpoint = winner.destination.endpoint;
}
