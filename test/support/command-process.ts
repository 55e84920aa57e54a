// Headgate as a process of its own, from dist/ (`npm test` builds it first), for tests of the command line, signals and crashes.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface ProcessOptions {
  cwd: string;
  env?: Record<string, string>;
}

export class CommandProcess {
  /** Standard output and standard error so far. */
  out = "";
  err = "";
  readonly child: ChildProcess;
  /** The exit code; null when a signal killed it. */
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[], { cwd, env = {} }: ProcessOptions) {
    const { PATH = "" } = process.env;
    this.child = spawn(process.execPath, [main, ...args], { cwd, env: { PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", resolve);
    });
  }

  /** The URL that it prints when it is ready. Rejects when it ends before that, or takes longer than 30 s. */
  async ready(): Promise<string> {
    const deadlineMs = Date.now() + 30_000;
    for (;;) {
      const url = /ready at (http:\S+)\s/.exec(this.out)?.[1];
      if (url !== undefined) return url;
      if (this.child.exitCode !== null || Date.now() > deadlineMs)
        throw new Error(`Headgate did not start: ${this.out}${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it at once, if it still lives. */
  async destroy(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}
