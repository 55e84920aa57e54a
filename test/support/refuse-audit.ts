// A database that refuses entries of the audit log, or to note that sessions are used, as one does whose disk is full at that moment.
import { join } from "node:path";
import Database from "libsql";

/** Of the SQLite database in `dataDir`; the function returned has it take them again. */
export function refuseAudit(dataDir: string): () => void {
  return refuse(dataDir, "insert on audit");
}

/** The same for what is noted of sessions. */
export function refuseUseOfSessions(dataDir: string): () => void {
  return refuse(dataDir, "update on sessions");
}

function refuse(dataDir: string, what: string): () => void {
  const run = (statement: string): void => {
    const database = new Database(join(dataDir, "headgate.db"));
    try {
      database.exec("pragma busy_timeout = 10000");
      database.exec(statement);
    } finally {
      database.close();
    }
  };
  run(`create trigger refused before ${what} begin select raise(abort, 'nothing today'); end`);
  return () => run("drop trigger refused");
}
