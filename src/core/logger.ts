// What anything that logs needs of a log: four levels, fields first. telemetry/log.ts implements it.

/** Values of one log line, by snake_case name. An `err` field is reduced to type, code, message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
