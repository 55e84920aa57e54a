// When each attempt of a request began, when its first token came, when it ended.
import type { AttemptBody, RequestBody } from "../../../src/api/requests.ts";
import { duration } from "../../format/figures.ts";

export function Waterfall({ request, seesEndpoints }: { request: RequestBody; seesEndpoints: boolean }) {
  const startMs = Date.parse(request.started_at);
  const spans = request.attempts.map((attempt) => spanOf(attempt, startMs));
  const wholeMs = Math.max(request.duration_ms ?? 0, ...spans.map(({ endMs }) => endMs), 1);
  const part = (ms: number) => `${(100 * ms) / wholeMs}%`;
  return (
    <figure className="px-4 pt-4 pb-2" aria-label="Times of the attempts">
      <ol className="flex flex-col gap-2">
        {request.attempts.map((attempt, index) => {
          const { beginMs, firstMs, endMs } = spans[index] ?? { beginMs: 0, firstMs: null, endMs: 0 };
          const isFailed = attempt.error !== null || (attempt.status ?? 0) >= 400;
          const name = seesEndpoints && attempt.endpoint !== null ? attempt.endpoint : `Attempt ${index + 1}`;
          return (
            <li key={attempt.id} className="grid grid-cols-1 items-center gap-x-4 gap-y-1 sm:grid-cols-[9rem_1fr_13rem]">
              <span className="truncate text-sm">{name}</span>
              <span className="relative block h-5 overflow-hidden rounded bg-raised" aria-hidden>
                <span
                  className={`absolute inset-y-0 rounded ${isFailed ? "bg-bad/70" : "bg-accent/35"}`}
                  style={{ left: part(beginMs), width: `max(3px, ${part(endMs - beginMs)})` }}
                />
                {firstMs !== null && !isFailed && (
                  <span
                    className="absolute inset-y-0 rounded-r bg-accent"
                    style={{ left: part(firstMs), width: `max(2px, ${part(endMs - firstMs)})` }}
                  />
                )}
              </span>
              <span className="text-xs text-muted tabular-nums">
                {`+${duration(beginMs)}, first token ${duration(attempt.ttft_ms)}, took ${duration(attempt.duration_ms)}`}
              </span>
            </li>
          );
        })}
      </ol>
      <figcaption className="mt-2 text-xs text-muted">
        Pale: waiting for the first token. Full: the answer arriving. {duration(wholeMs)} in all.
      </figcaption>
    </figure>
  );
}

/** In ms since the request began. An attempt without an end is one that still runs, or that nobody saw end. */
function spanOf(attempt: AttemptBody, startMs: number): { beginMs: number; firstMs: number | null; endMs: number } {
  const beginMs = Math.max(0, Date.parse(attempt.started_at) - startMs);
  const firstMs = attempt.ttft_ms === null ? null : beginMs + attempt.ttft_ms;
  return { beginMs, firstMs, endMs: beginMs + (attempt.duration_ms ?? attempt.ttft_ms ?? 0) };
}
