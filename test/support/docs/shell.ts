// A terminal in which a reader pastes commands one by one: bash, with what was exported before, and every answer of curl kept.
import { execFile } from "node:child_process";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LooseJson } from "../loose-json.ts";

/** What curl got. */
export interface ShellAnswer {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  text: string;
  /** Null when the answer is no JSON. */
  json: LooseJson;
}

export interface ShellResult {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Null when the command was none of curl's. */
  answer: ShellAnswer | null;
}

const commandTimeoutMs = 30_000;

export class Shell {
  readonly cwd: string;
  /** Of all commands so far. */
  readonly answers: ShellAnswer[] = [];
  readonly #exports: string[] = [];
  readonly #env: Record<string, string>;

  constructor(cwd: string, env: Record<string, string> = {}) {
    this.cwd = cwd;
    this.#env = env;
  }

  async run(command: string): Promise<ShellResult> {
    const kept = join(this.cwd, "curl");
    await mkdir(kept);
    const curl = `curl() { command curl --max-time 20 --dump-header '${kept}/head' --output '${kept}/body' "$@"; }`;
    const script = ["set -euo pipefail", curl, ...this.#exports, command].join("\n");
    const result = await runBash(script, this.cwd, { ...shellEnvironment(this.cwd), ...this.#env });
    const answer = await readAnswer(kept);
    await rm(kept, { recursive: true });
    if (answer !== null) this.answers.push(answer);
    if (command.startsWith("export ")) this.#exports.push(command);
    return { ...result, answer };
  }
}

/** Nothing of the tests' own environment but the way to programs, this Node.js first. */
export function shellEnvironment(home: string): Record<string, string> {
  const { PATH = "" } = process.env;
  return { PATH: `${dirname(process.execPath)}:${PATH}`, HOME: home, NPM_CONFIG_UPDATE_NOTIFIER: "false" };
}

function runBash(script: string, cwd: string, env: Record<string, string>): Promise<Omit<ShellResult, "answer">> {
  return new Promise((resolve) => {
    execFile("bash", ["-c", script], { cwd, env, timeout: commandTimeoutMs }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ exitCode: typeof code === "number" ? code : -1, stdout, stderr: stderr || (error?.message ?? "") });
    });
  });
}

async function readAnswer(folder: string): Promise<ShellAnswer | null> {
  const head = await readFile(join(folder, "head"), "latin1").catch(() => null);
  if (head === null || head === "") return null;
  // interim answers have heads of their own
  const [statusLine = "", ...lines] = (head.trim().split("\r\n\r\n").at(-1) as string).split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const text = await readFile(join(folder, "body"), "utf8").catch(() => "");
  const isJson = headers["content-type"]?.includes("json") === true;
  return { status: Number(statusLine.split(" ")[1]), headers, text, json: isJson ? JSON.parse(text) : null };
}
