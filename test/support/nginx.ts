// Runs nginx with a site of deploy/ as it is, but for ports, paths and addresses, in a temporary folder.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { temporaryDirectory } from "./database.ts";
import { eventually } from "./eventually.ts";

export interface Nginx {
  folder: string;
  /** Reads the site again after `change`, as `nginx -s reload` does. Resolves when no process that had read it before takes connections. */
  reload(change: (site: string) => string): Promise<void>;
}

/** `replaced`: what stands in the site, and what it becomes here; each has to be there. Resolves when `answers` does not throw. */
export async function startNginx(
  program: string,
  site: string,
  {
    replaced,
    files = {},
    answers,
  }: { replaced: [string, string][]; files?: Record<string, string>; answers(): Promise<unknown> },
): Promise<Nginx> {
  const folder = await temporaryDirectory();
  onTestFinished(() => folder.remove());
  const inFolder = (name: string) => join(folder.path, name);
  for (const [name, content] of Object.entries(files)) writeFileSync(inFolder(name), content);
  let text = site;
  for (const [from, to] of replaced) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to.replaceAll("FOLDER", folder.path));
  }
  writeFileSync(inFolder("site.conf"), text);
  mkdirSync(inFolder("temp"));
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path temp/${name};`);
  const user = process.getuid?.() === 0 ? "user root;" : "";
  const main = `${user} daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {}
http { access_log off; ${temporaryPaths.join(" ")} include site.conf; }`;
  writeFileSync(inFolder("nginx.conf"), main);
  const args = ["-p", folder.path, "-c", inFolder("nginx.conf"), "-e", "stderr"];
  execFileSync(program, [...args, "-t"], { stdio: "pipe" });
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => ended(child));
  const deadlineMs = Date.now() + 20_000;
  while (!(await isAnswered(answers))) {
    if (Date.now() > deadlineMs) throw new Error("nginx does not answer");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    folder: folder.path,
    async reload(change) {
      const path = inFolder("site.conf");
      const before = readFileSync(path, "utf8");
      const after = change(before);
      expect(after).not.toBe(before);
      writeFileSync(path, after);
      execFileSync(program, [...args, "-t"], { stdio: "pipe" });
      const old = takingConnections(child);
      child.kill("SIGHUP");
      await eventually(() => takingConnections(child).length > 0 && !takingConnections(child).some((pid) => old.includes(pid)));
    },
  };
}

/** nginx's workers that are not about to end. */
function takingConnections({ pid }: ChildProcess): number[] {
  const listed = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  return listed.split("\n").flatMap((line) => {
    const [, worker, title = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return worker === undefined || title.includes("shutting down") ? [] : [Number(worker)];
  });
}

function isAnswered(answers: () => Promise<unknown>): Promise<boolean> {
  return answers().then(
    () => true,
    () => false,
  );
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGQUIT");
  await exited;
}

/** The values that a directive has outside comments, in order. */
export function directive(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^\\s*${name}(?:\\s+|=)(.*?);?$`, "gm"))].map(([, value]) => value as string);
}
