// The rows of the tables of docs/streaming.md, by the file that tests them.

export const failureRows = [
  "connection refused",
  "error status 500",
  "error status 429",
  "error status 400",
  "reset before the headers",
  "reset behind the headers",
  "clean end without any event",
  "no headers until `first_byte`",
  "headers, then nothing until `first_byte`",
  "headers, then only comments",
  "error as the first event",
  "error event in the middle",
  "reset between events",
  "reset inside an event",
  "reset behind the terminator",
  "clean end without the terminator",
  "clean end with the terminator alone missing",
  "stall until `idle`",
  "comments during a stall",
  "pings during a stall",
  "`total` passes",
] as const;

export const callerRows = ["slow caller", "caller gone before the first byte", "caller gone"] as const;

export const drainRows = ["drain", "`drain_timeout` passes", "new call during a drain"] as const;
