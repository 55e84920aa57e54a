// Another process that holds a SQLite file's write lock, as a backup tool or a forgotten shell does.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

const script = `
  import Database from "libsql";
  const database = new Database(process.argv[1]);
  database.exec("pragma busy_timeout = 10000");
  database.exec("begin exclusive");
  process.stdout.write("locked");
  process.stdin.on("end", () => {
    database.exec("rollback");
    process.exit();
  }).resume();
`;

/** Resolves when the lock is held; the function returned lets it go. */
export async function lockSqlite(path: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    exited.then(([code]) => Promise.reject(new Error(`the process that should lock ${path} ended with ${code}`))),
  ]);
  return async () => {
    child.stdin.end();
    await exited;
  };
}
