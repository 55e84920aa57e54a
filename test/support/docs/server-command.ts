// A command that serves until it is told to end (`npm start`, `npm run demo`), run as a reader's terminal runs it.
import { type ChildProcess, spawn } from "node:child_process";
import { eventually } from "../eventually.ts";
import { shellEnvironment } from "./shell.ts";

const startTimeoutMs = 60_000;

export class ServerCommand {
  /** Standard output and standard error so far. */
  out = "";
  err = "";
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #hasExited = false;

  constructor(command: string, cwd: string, env: Record<string, string> = {}) {
    const options = { cwd, env: { ...shellEnvironment(cwd), ...env }, detached: true } as const;
    this.#child = spawn("bash", ["-c", `exec ${command}`], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.exited = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        this.#hasExited = true;
        resolve(code);
      });
    });
  }

  /** The URL that it prints when it is ready. */
  async ready(): Promise<string> {
    const url = () => /ready at (http:\S+)\s/.exec(this.out)?.[1];
    await eventually(() => url() !== undefined || this.#hasExited, {
      timeoutMs: startTimeoutMs,
      what: () => this.out + this.err,
    });
    if (this.#hasExited) throw new Error(`it ended instead of starting: ${this.out}${this.err}`);
    return url() as string;
  }

  /** Ctrl-C: the terminal tells every process of the command. Resolves to the exit code. */
  interrupt(): Promise<number | null> {
    return this.#end("SIGINT");
  }

  /** As a supervisor ends it: SIGTERM to the command itself. Resolves to the exit code. */
  terminate(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.exited;
  }

  /** For the end of a test, whatever state it is in. */
  async destroy(): Promise<void> {
    if (!this.#hasExited) await this.#end("SIGKILL");
  }

  #end(signal: NodeJS.Signals): Promise<number | null> {
    process.kill(-(this.#child.pid as number), signal);
    return this.exited;
  }
}
