// Workers that outlive their supervisor for a moment: whoever comes next waits until the last of them has written its records.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../core/logger.ts";

/** A worker that nobody supervises any more ends within ten seconds; one that stands still doesn't end by itself. */
const waitMsMax = 15_000;
/** For one that was killed. */
const killedMsMax = 5000;
const lookEveryMs = 50;

export interface Orphans {
  /** Says that this process, a supervisor's child, writes as `processId` from now on; what it resolves with takes that back. */
  announce(processId: string): Promise<() => Promise<void>>;
  /**
   * Resolves when no worker writes any more whose supervisor has gone. One that does not end is killed: it could go on in the
   * middle of a record that has been taken for its last. Where there is no `/proc`, nobody can be told, or waited for.
   */
  awaitEnd(log: Logger): Promise<void>;
}

/** A process id alone comes back; with its start (clock ticks since the machine's) and that start it doesn't. */
interface Announcement {
  boot: string;
  pid: number;
  start: string;
  supervisorPid: number;
  supervisorStart: string;
}

/** `dataDir`: the data directory that all of them share. */
export function orphansIn(dataDir: string): Orphans {
  const dir = join(dataDir, "workers");

  async function announce(processId: string): Promise<() => Promise<void>> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, processId);
    const { pid, ppid: supervisorPid } = process;
    const [boot, start, supervisorStart] = [await bootId(), await startOf(pid), await startOf(supervisorPid)];
    const announcement: Announcement = { boot, pid, start, supervisorPid, supervisorStart };
    // Whoever looks sees all of it, or nothing.
    await writeFile(`${path}.new`, JSON.stringify(announcement));
    await rename(`${path}.new`, path);
    return () => rm(path, { force: true });
  }

  async function awaitEnd(log: Logger): Promise<void> {
    for (const name of await readdir(dir).catch(() => [])) {
      if (name.endsWith(".new")) continue;
      const path = join(dir, name);
      const announcement = await readAnnouncement(path);
      if (announcement !== null && (await isOrphan(announcement))) await end(announcement, log);
      if (announcement === null || !(await isAlive(announcement))) await rm(path, { force: true });
    }
  }

  return { announce, awaitEnd };
}

async function end(announcement: Announcement, log: Logger): Promise<void> {
  const { pid } = announcement;
  log.info({ pid }, "waiting for a worker of an earlier start to end");
  if (await hasEndedWithin(announcement, waitMsMax)) return;
  log.warn({ pid }, "a worker of an earlier start did not end, and is killed");
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended just now; or it is somebody else's, and what follows says so.
  }
  if (await hasEndedWithin(announcement, killedMsMax)) return;
  throw new Error(`A worker of an earlier start (process ${pid}) does not end. End it, then start again.`);
}

async function hasEndedWithin(announcement: Announcement, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (await isAlive(announcement)) {
    if (performance.now() > untilMs) return false;
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
  return true;
}

async function isOrphan(announcement: Announcement): Promise<boolean> {
  const { supervisorPid, supervisorStart } = announcement;
  return (await isAlive(announcement)) && (await startOf(supervisorPid)) !== supervisorStart;
}

async function isAlive({ boot, pid, start }: Announcement): Promise<boolean> {
  return boot === (await bootId()) && start !== "" && (await startOf(pid)) === start;
}

/** Null: it is not one of ours. */
async function readAnnouncement(path: string): Promise<Announcement | null> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return null;
  }
}

/** Of the process that has this id; "" where there is none, or it has ended and its parent has not looked. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // From the third field on: the second is a name, in which anything may stand.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "" : (fields[19] ?? "");
}

async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
}
