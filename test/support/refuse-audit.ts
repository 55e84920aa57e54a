// A database that refuses entries of the audit log, as one does whose disk is full at that moment.
import { join } from "node:path";
import Database from "libsql";

/** Of the SQLite database in `dataDir`; the function returned has it take them again. */
export function refuseAudit(dataDir: string): () => void {
  const run = (statement: string): void => {
    const database = new Database(join(dataDir, "headgate.db"));
    try {
      database.exec("pragma busy_timeout = 10000");
      database.exec(statement);
    } finally {
      database.close();
    }
  };
  run("create trigger refuse_audit before insert on audit begin select raise(abort, 'no entry today'); end");
  return () => run("drop trigger refuse_audit");
}
