// The log: JSON lines on standard error, without secrets. Standard output stays for what a person or a script asked for.
import pino from "pino";
import { HeadgateError } from "../core/errors.ts";
import { JsonBytes, utf8 } from "../core/json-bytes.ts";
import type { LogFields, RequestLogger } from "../core/logger.ts";
import { IsoTime } from "./iso-time.ts";

export interface LogOptions {
  level: "debug" | "info" | "warn" | "error" | "silent";
  /** Which process of several writes, such as `worker-1`: in every line. Left out: there is only one. */
  process?: string;
  /** Where lines go, buffered: an open file descriptor; default: standard error. */
  fd?: number;
  /** Takes the lines at once instead. */
  destination?: { write(line: string): void };
}

/** A Logger that can be emptied: lines are buffered for up to half a second, and a process that exits at once has to flush. */
export interface BufferedLogger extends RequestLogger {
  /** Writes out what is buffered, synchronously; a write that is under way may end after it. */
  flush(): void;
}

/** Field names whose values never reach the log, at the top or one level down. Secret prints itself as [secret] anywhere. */
const secretFields = ["api_key", "apiKey", "authorization", "cookie", "credential", "headers", "password", "secret", "token"];

/** Lines of calls are handed on together: the trip of a write through the thread pool costs as much as fifty lines. */
const gatheredBytesMax = 48 * 1024;
/** What a pipe takes at once. */
const writeBytesMax = 64 * 1024;

const lineHeads = { info: utf8('{"level":"info","time":"'), warn: utf8('{"level":"warn","time":"') };
const lineEnd = utf8(',"message":"request"}\n');

/**
 * Lines are written asynchronously, by some KiB or each half second, so that logging never waits on a slow reader. A
 * SIGKILL may take the last half second; exits and crashes flush (cli/run-until-signal.ts).
 */
export function createLogger({ level, process, fd = 2, destination }: LogOptions): BufferedLogger {
  const stream =
    destination === undefined
      ? pino.destination({ fd, sync: false, minLength: 4096, maxWrite: writeBytesMax, periodicFlush: 500 })
      : null;
  const target = stream ?? (destination as { write(line: string): void });
  const logger = pino(
    {
      level,
      base: process === undefined ? null : { process },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: reduceErrors },
      // errors are plain objects by the time pino's own serializer would look at them
      serializers: { err: (value: unknown) => value },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: "[secret]" },
    },
    target,
  );
  const writesInfo = logger.isLevelEnabled("info");
  const writesWarn = logger.isLevelEnabled("warn");
  const timeEnd = utf8(process === undefined ? '"' : `","process":${JSON.stringify(process)}`);
  const gatheredMax = stream === null ? 0 : gatheredBytesMax;
  const gathered = new JsonBytes();
  const time = new IsoTime();
  const handOn = () => {
    if (gathered.length === 0) return;
    target.write(gathered.toString());
    gathered.clear();
  };
  if (stream !== null) flushAfter(handOn, stream);
  return {
    // Of the same form as the other lines. Its fields are texts and numbers of known names, in which nothing has to be
    // looked for, so it is written without pino, at a tenth of the cost.
    request(level, addFields, event) {
      if (!(level === "info" ? writesInfo : writesWarn)) return;
      gathered.raw(lineHeads[level]);
      gathered.raw(time.at(Date.now()));
      gathered.raw(timeEnd);
      addFields(gathered, event);
      gathered.raw(lineEnd);
      if (gathered.length >= gatheredMax) handOn();
    },
    debug(fields, message) {
      handOn();
      logger.debug(fields, message);
    },
    info(fields, message) {
      handOn();
      logger.info(fields, message);
    },
    warn(fields, message) {
      handOn();
      logger.warn(fields, message);
    },
    error(fields, message) {
      handOn();
      logger.error(fields, message);
    },
    flush: () => stream?.flushSync(),
  };
}

/** The stream flushes itself from time to time and when the process exits: what is gathered then goes with the rest. */
function flushAfter(handOn: () => void, stream: ReturnType<typeof pino.destination>): void {
  const flush = stream.flush.bind(stream);
  const flushSync = stream.flushSync.bind(stream);
  stream.flush = (done) => {
    handOn();
    flush(done);
  };
  stream.flushSync = () => {
    handOn();
    flushSync();
  };
}

/** Errors, under whatever name, reduced to what is known to be safe. */
function reduceErrors(fields: LogFields): Record<string, unknown> {
  let reduced: Record<string, unknown> | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (!(value instanceof Error)) continue;
    reduced ??= { ...fields };
    reduced[name] = serializeError(value);
  }
  return reduced ?? (fields as Record<string, unknown>);
}

/**
 * Type, code, message, stack and causes of an error, and nothing else: HTTP and database clients hang requests, headers
 * and connection settings on theirs. Credentials that slipped into a text are blotted out.
 */
export function serializeError(error: Error, depth = 0): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  const cause = error.cause instanceof Error && depth < 4 ? serializeError(error.cause, depth + 1) : undefined;
  return {
    type: error.name,
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    message: blot(error.message),
    ...(error instanceof HeadgateError && error.options.detail !== undefined ? { detail: blot(error.options.detail) } : {}),
    ...(error.stack === undefined ? {} : { stack: blot(error.stack) }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** URL passwords, bearer tokens and keys of the usual form. A net below the tightrope: nothing should put them there. */
function blot(text: string): string {
  return text
    .replace(/(\w:\/\/)[^\s/@]+@/g, "$1[secret]@")
    .replace(/\b(Bearer|Basic)\s+[^\s"',]+/gi, "$1 [secret]")
    .replace(/\bsk-[A-Za-z0-9_-]{8,}/g, "[secret]");
}
