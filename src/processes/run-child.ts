// What control and workers have in common as children of the supervisor: signals are its business, and without it they end.

/** Calls `onOrder` with what the supervisor says, and `onOrphaned` when it is gone. */
export function followSupervisor<Order>(onOrder: (order: Order) => void, onOrphaned: () => void): void {
  // A terminal sends them to all processes: the supervisor tells when to end.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
  process.on("message", onOrder);
  process.once("disconnect", onOrphaned);
  void tellSupervisor({ kind: "up" });
}

/** Tells the supervisor; nothing happens when it is gone. */
export function tellSupervisor<Message extends object>(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve();
    process.send(message, undefined, {}, () => resolve());
  });
}
