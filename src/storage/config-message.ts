// The words between processes on one PostgreSQL: the channel, and the one that says that the configuration has changed.
import { type RawBuilder, sql } from "kysely";

/** PostgreSQL keeps the channels of its databases apart. */
export const notificationChannel = "headgate";

/** `{"kind":"config","version":7}`, to all who listen, when the transaction is committed. */
export function configMessage(version: number): RawBuilder<unknown> {
  return notify(JSON.stringify({ kind: "config", version }));
}

export function notify(message: string): RawBuilder<unknown> {
  return sql`select pg_notify(${notificationChannel}, ${message})`;
}
