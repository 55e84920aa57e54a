// Has bodies cleaned by a thread of its own, which is started with the first of them.
import { Worker } from "node:worker_threads";
import { programFile } from "../../core/program-files.ts";
import type { CapturedBody } from "../../domain/captured-bodies.ts";
import { type CleanBody, cleanBody } from "./clean-body.ts";
import type { Wanted } from "./sensitive-texts.ts";

export interface CleanerOrder {
  id: number;
  body: CapturedBody;
  wanted: Wanted;
}

export interface CleanerAnswer {
  id: number;
  clean: CleanBody | null;
  failure: string | null;
}

interface Pending {
  overdue: NodeJS.Timeout;
  resolve(clean: CleanBody): void;
  reject(error: Error): void;
}

/** No body takes that long: for texts on which a pattern runs astray, so that others, and the end of the process, do not wait for it. */
const defaultTimeoutMs = 30_000;

/** Uncompiled, as in tests, this thread does it itself. */
const workerUrl = import.meta.url.endsWith(".ts") ? null : programFile("bodies-worker.js");

export class ThreadedCleaner {
  readonly #workerUrl: URL | null;
  readonly #timeoutMs: number;
  #worker: Worker | null = null;
  #orders = 0;
  readonly #pending = new Map<number, Pending>();

  /** `url`: the compiled thread; null: none. */
  constructor(url: URL | null = workerUrl, timeoutMs = defaultTimeoutMs) {
    this.#workerUrl = url;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects when the thread fails or takes too long; the next body gets another. */
  clean(body: CapturedBody, wanted: Wanted): Promise<CleanBody> {
    if (this.#workerUrl === null) return cleanBody(body, wanted);
    const worker = this.#worker ?? this.#start(this.#workerUrl);
    this.#worker = worker;
    worker.ref();
    const id = ++this.#orders;
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => void worker.terminate(), this.#timeoutMs);
      this.#pending.set(id, { overdue, resolve, reject });
      worker.postMessage({ id, body, wanted } satisfies CleanerOrder);
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(url: URL): Worker {
    // It has one body at a time.
    const worker = new Worker(url, { name: "bodies", resourceLimits: { maxOldGenerationSizeMb: 256 } });
    worker.on("message", ({ id, clean, failure }: CleanerAnswer) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      clearTimeout(pending?.overdue);
      // It keeps the process from its end only while somebody waits.
      if (this.#pending.size === 0) worker.unref();
      if (clean === null) pending?.reject(new Error(failure ?? "no answer"));
      else pending?.resolve(clean);
    });
    let cause = new Error("the thread that cleans bodies has ended");
    worker.on("error", (error) => {
      cause = error instanceof Error ? error : cause;
    });
    worker.on("exit", () => {
      this.#worker = null;
      for (const { overdue, reject } of this.#pending.values()) {
        clearTimeout(overdue);
        reject(cause);
      }
      this.#pending.clear();
    });
    return worker;
  }
}
