// Words between replicas: whoever can't hear them says so, and a connection that nothing comes over any more holds up nobody.
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPostgresDatabase } from "../../test/support/database.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { Storage } from "./ports/storage.ts";
import { openPostgres } from "./postgres.ts";

let url: string;
let drop: () => Promise<void>;
let proxy: Server;
let sockets: Socket[];
/** What comes from the server is passed on as this says; null: nothing is passed on, in either direction. */
let passOn: ((message: Buffer) => boolean) | null;
const opened: { stop(): Promise<void> }[] = [];
const storages: Storage[] = [];

beforeEach(async () => {
  const database = await createPostgresDatabase();
  [drop, sockets, passOn] = [database.drop, [], () => true];
  const server = new URL(database.url);
  // Half open: it answers nobody who hangs up, like a machine that is gone.
  proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = dial(Number(server.port), server.hostname);
    sockets.push(near, far);
    let rest = Buffer.alloc(0);
    near.on("data", (data) => void (passOn !== null && far.write(data)));
    far.on("data", (data) => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
        const message = rest.subarray(0, 1 + rest.readInt32BE(1));
        rest = rest.subarray(message.length);
        if (passOn?.(message) === true) near.write(message);
      }
    });
    near.on("end", () => void (passOn !== null && far.end()));
    far.on("end", () => void (passOn !== null && near.end()));
    for (const socket of [near, far]) socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  const through = new URL(database.url);
  through.port = String(port);
  url = through.href;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const { stop } of opened.splice(0)) await stop();
  for (const storage of storages.splice(0)) await storage.close();
  proxy.close();
  await drop();
});

async function subscribe() {
  const storage = await openPostgres({ url });
  storages.push(storage);
  const heard: string[] = [];
  let listened = 0;
  const subscription = storage.notifications.subscribe({
    onMessage: (message) => heard.push(message),
    onListening: () => listened++,
  });
  opened.push({ stop: () => subscription.stop() });
  return { storage, subscription, heard, listened: () => listened };
}

test("what is said is heard, and nothing else", async () => {
  const { storage, subscription, heard } = await subscribe();
  await eventually(() => subscription.isListening);
  await storage.notifications.publish("a word");
  await eventually(() => heard.length > 0);
  expect(heard).toEqual(["a word"]);
});

test("behind a pooler that takes LISTEN and passes no words on, nobody claims to listen", async () => {
  const notification = "A".charCodeAt(0);
  let kept = 0;
  passOn = (message) => message[0] !== notification || kept++ < 0;
  const { storage, subscription, heard, listened } = await subscribe();
  await eventually(() => listened() > 0);
  await storage.notifications.publish("a word");
  await eventually(() => kept > 0);
  expect([subscription.isListening, heard]).toEqual([false, []]);
});

test("a connection over which nothing comes any more is given up at once when it is to end", async () => {
  const { subscription } = await subscribe();
  await eventually(() => subscription.isListening);
  passOn = null;
  const stopping = subscription.stop().then(() => "stopped");
  const late = new Promise((resolve) => setTimeout(resolve, 4000, "hangs"));
  expect(await Promise.race([stopping, late])).toBe("stopped");
});
