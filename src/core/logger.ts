// What anything that logs needs of a log: four levels, fields first. telemetry/log.ts implements it.
import type { JsonBytes } from "./json-bytes.ts";

/** Values of one log line, by snake_case name. An `err` field is reduced to type, code, message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Also takes the one line per call, on a path that costs less. */
export interface RequestLogger extends Logger {
  /**
   * Writes a line whose fields are what `addFields` adds of `event`: JSON members, each after a comma. None of them may
   * hold what a caller or provider sent as a body or header.
   */
  request<Event>(level: "info" | "warn", addFields: (line: JsonBytes, event: Event) => void, event: Event): void;
}
