// Waits for what happens soon, by looking again and again until a deadline.

export interface EventuallyOptions {
  /** Default 10,000. */
  timeoutMs?: number;
  everyMs?: number;
  /** For the error: what did not happen. */
  what?: string | (() => string);
}

/** The first truthy result of `check`; throws when there is none in time. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20, what = "it" }: EventuallyOptions = {},
): Promise<Exclude<T, undefined | null | false | "" | 0>> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found) return found as Exclude<T, undefined | null | false | "" | 0>;
    if (Date.now() > deadlineMs)
      throw new Error(`${typeof what === "string" ? what : what()} did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
