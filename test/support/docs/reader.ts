// A reader who follows a page: saves its files, pastes its commands into a terminal, and looks at what comes of each.
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { temporaryDirectory } from "../database.ts";
import { eventually } from "../eventually.ts";
import type { LooseJson } from "../loose-json.ts";
import { freePort } from "../own-port.ts";
import { type PageFile, stepsOf } from "./page.ts";
import { ServerCommand } from "./server-command.ts";
import { Shell, type ShellAnswer, type ShellResult } from "./shell.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What is expected of one command of a page. */
export interface Expected {
  /** Tells the command from its neighbours. */
  has: string;
  /** Of curl's answer. Default 200; null: the command is none of curl's. */
  status?: number | null;
  shows?: (answer: ShellAnswer, result: ShellResult) => void | Promise<void>;
  /** In place of a run in the terminal: the command serves, or has a reason not to be run. */
  instead?: (command: string) => void | Promise<void>;
  /** What has to have happened. */
  before?: () => void | Promise<void>;
}

/** A command that sets a variable. */
export const settings = (has: string): Expected => ({ has, status: null });

/** A page's steps, and the servers that stand in for what the page can't know. */
export interface Followed {
  expected: readonly Expected[];
  close(): Promise<void>;
}

export class Reader {
  readonly home: string;
  readonly shell: Shell;
  /** Null while none runs. */
  server: ServerCommand | null = null;
  url = "";
  /** The `x-request-id` of the last call of a model. */
  callId = "";
  /** Of the commands that serve. A variable beats what a page's `.env` says. */
  readonly env: Record<string, string>;
  /** What the reader puts in place of what a page can't know; those added first are looked at first. */
  readonly substitutions: (readonly [string, () => string])[] = [];
  readonly #remove: () => Promise<void>;

  /** In a clone that is installed and built. Where dist/ is not what src/ gives, the first command builds here and not under other tests. */
  static async make(): Promise<Reader> {
    const folder = await temporaryDirectory();
    for (const name of [
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "tsconfig.build.json",
      "scripts",
      "src",
      "dashboard",
    ]) {
      cpSync(join(root, name), join(folder.path, name), { recursive: true });
    }
    for (const name of ["node_modules", "dist"]) symlinkSync(join(root, name), join(folder.path, name));
    return new Reader(folder.path, folder.remove, await freePort());
  }

  private constructor(home: string, remove: () => Promise<void>, port: number) {
    this.home = home;
    this.env = { HEADGATE_PORT: String(port) };
    this.shell = new Shell(home);
    this.#remove = remove;
  }

  /** Runs a command that serves, on a free port in place of the page's. */
  async serve(command: string): Promise<ServerCommand> {
    this.server = new ServerCommand(command, this.home, this.env);
    this.url = await this.server.ready();
    return this.server;
  }

  async endServer(): Promise<void> {
    expect(await this.server?.interrupt()).toBe(0);
    this.server = null;
  }

  /** The administrator token that the first start printed. */
  printedToken = (): string => {
    this.#printed ??= /^ {2}(sk-hg-\S+)$/m.exec(this.server?.out ?? "")?.[1];
    return this.#printed as string;
  };
  #printed: string | undefined;

  /** The last of the ids in the answers so far that begin with `prefix`; in lists only where no other answer has one. */
  idFromAnswers(prefix: string): string {
    const { answers } = this.shell;
    const own = answers.map(({ json, headers }) => (prefix === "req_" ? headers["x-request-id"] : json?.id));
    const listed = answers.flatMap(({ json }) => (Array.isArray(json?.data) ? json.data.map(({ id }: LooseJson) => id) : []));
    const last = (ids: unknown[]) => ids.filter((id) => typeof id === "string" && id.startsWith(prefix)).at(-1);
    return (last(own) ?? last(listed) ?? "") as string;
  }

  keyFromAnswers(): string {
    return this.shell.answers.filter(({ json }) => typeof json?.key === "string").at(-1)?.json.key ?? "";
  }

  substituted(text: string): string {
    let filled = text;
    for (const [placeholder, value] of this.substitutions) {
      if (filled.includes(placeholder)) filled = filled.replaceAll(placeholder, () => value());
    }
    if (filled.includes("…")) throw new Error(`the test knows nothing to put in place of the … in: ${filled}`);
    return filled;
  }

  /** What the administrator sees, beside the page. */
  async admin(path: string): Promise<LooseJson> {
    const headers = { authorization: `Bearer ${this.printedToken()}` };
    return (await (await fetch(`${this.url}/admin/api/v1${path}`, { headers })).json()) as LooseJson;
  }

  /** A call is in the ledger's reports soon, not at once. */
  untilRecorded = async (): Promise<void> => {
    await eventually(async () => (await this.admin(`/requests/${this.callId}`)).state === "settled");
  };

  /** Does all that the page says, in order; throws naming the line that does not do what is expected. */
  async follow(name: string, expected: readonly Expected[]): Promise<void> {
    let done = 0;
    for (const step of stepsOf(readFileSync(join(root, name), "utf8"))) {
      if ("content" in step) {
        this.#save(step);
        continue;
      }
      const { text, line } = step;
      const next = expected[done++];
      if (next === undefined || !text.includes(next.has))
        throw new Error(`${name}:${line} is not what this test expects: ${text}`);
      try {
        await this.#paste(text, next);
      } catch (cause) {
        throw new Error(`${name}:${line}: ${text}\n${(cause as Error).message}\n${this.server?.err ?? ""}`, { cause });
      }
    }
    expect(done).toBe(expected.length);
  }

  async leave(): Promise<void> {
    await this.server?.destroy();
    await this.#remove();
  }

  #save({ name, content }: PageFile): void {
    writeFileSync(join(this.home, name), this.substituted(content));
  }

  async #paste(command: string, expected: Expected): Promise<void> {
    await expected.before?.();
    const text = this.substituted(command);
    if (expected.instead !== undefined) return expected.instead(text);
    const result = await this.shell.run(text);
    expect(result).toMatchObject({ exitCode: 0 });
    const { status = 200 } = expected;
    expect([result.answer?.status ?? null, result.answer?.text]).toEqual([status, result.answer?.text]);
    await expected.shows?.(result.answer as ShellAnswer, result);
  }
}
