// What the supervisor and its children say to each other, over the channel that node:child_process gives them.
import type { Started } from "../app.ts";
import type { ConfigOverrides, FoundFiles } from "../config/load.ts";

/** Enough to read the same configuration again, whatever has become of the file meanwhile. */
export interface ConfigSource {
  overrides: ConfigOverrides;
  found: FoundFiles;
  cwd: string;
}

interface ChildStart {
  channelPath: string;
  httpPath: string;
  port: number;
  workers: number;
  /** Others of its kind serve already, or did. */
  isReplacement: boolean;
}

export type ToControl =
  | ({ kind: "start"; config: ConfigSource; liveProcessIds: string[] } & ChildStart)
  | { kind: "live"; processIds: string[] }
  | { kind: "draining" }
  | { kind: "stop" };

export type FromControl =
  | { kind: "up" }
  | { kind: "started"; started: Started }
  /** For people; it ends after this. */
  | { kind: "failed"; message: string };

export type ToWorker =
  /** `config`: what `exposeSecrets` makes of what a worker needs of it. To read it anew would take each as much memory as a tenth of its bound. */
  | ({ kind: "start"; name: string; processId: string; config: unknown; dataDir: string } & ChildStart)
  /** Ends when its calls have. */
  | { kind: "drain"; timeoutMs: number; isReplaced: boolean }
  /** All have drained, where all are to end: until then each refuses new calls in so many words. */
  | { kind: "end" };

export type FromWorker =
  /** It hears what it is told: before that, messages are lost. */
  | { kind: "up" }
  /** It listens, and works from a snapshot. */
  | { kind: "ready" }
  /** Its calls have ended; one that is replaced ends then, others wait for the rest. */
  | { kind: "drained" }
  | { kind: "failed"; message: string };

/** The supervised program could not start; the message is for people. */
export class ChildFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ChildFailed";
  }
}
