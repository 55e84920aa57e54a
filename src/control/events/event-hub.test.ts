// What subscribers are told and when, who is dropped, and who is let in at all.
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import type { Topic } from "../../domain/topics.ts";
import { beginEventStream } from "../admin/events/event-stream.ts";
import { EventHub, type Subscriber } from "./event-hub.ts";

let clock: FakeClock;
let hub: EventHub;
beforeEach(() => {
  clock = createFakeClock();
  hub = new EventHub({ clock });
  return () => hub.close();
});

class Listener implements Subscriber {
  owner = "usr_1";
  topics: ReadonlySet<Topic> = new Set<Topic>(["keys", "models", "usage", "users"]);
  /** `ended`, `cut`, `beat`, or topics that were told. */
  readonly told: string[] = [];
  reads = true;
  allowed: () => Promise<boolean> = async () => true;
  checks = 0;
  isIdle(): boolean {
    return this.reads;
  }
  send(topics: readonly Topic[]): void {
    this.told.push([...topics].sort().join(" "));
  }
  beat(): void {
    this.told.push("beat");
  }
  isStillAllowed(): Promise<boolean> {
    this.checks++;
    return this.allowed();
  }
  end(how: "end" | "cut"): void {
    this.told.push(how);
  }
}

function listen(more: Partial<Listener> = {}): Listener {
  const listener = Object.assign(new Listener(), more);
  hub.subscribe(listener);
  return listener;
}

/** Lets promises that are settled have their effect. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a change", () => {
  test("is told to those who listen to its topic, once however often it is published", async () => {
    const [one, other] = [listen(), listen({ topics: new Set<Topic>(["audit"]) })];
    for (let i = 0; i < 1000; i++) hub.publish("keys", "models", "audit");
    await clock.advance(100);
    expect([one.told, other.told]).toEqual([["keys models"], ["audit"]]);
    await clock.advance(5000);
    expect(one.told).toHaveLength(1);
  });

  test("comes at once, those that follow half a second later, together", async () => {
    const one = listen();
    hub.publish("keys");
    await clock.advance(60);
    expect(one.told).toEqual(["keys"]);
    hub.publish("models");
    await clock.advance(200);
    hub.publish("usage");
    await clock.advance(200);
    expect(one.told).toEqual(["keys"]);
    await clock.advance(100);
    expect(one.told).toEqual(["keys", "models usage"]);
  });

  test("a minute of them is two events a second", async () => {
    const one = listen();
    for (let i = 0; i < 600; i++) {
      hub.publish("usage");
      await clock.advance(100);
    }
    const told = one.told.filter((each) => each === "usage").length;
    expect(told).toBeGreaterThanOrEqual(100);
    expect(told).toBeLessThanOrEqual(121);
  });

  test("nobody hears of what was before them, nor after they are gone", async () => {
    hub.publish("keys");
    const one = new Listener();
    const unsubscribe = hub.subscribe(one);
    await clock.advance(1000);
    hub.publish("keys");
    unsubscribe();
    hub.publish("keys");
    await clock.advance(60_000);
    expect(one.told).toEqual([]);
  });

  test("whether anybody listens is known", () => {
    expect(hub.hasListeners("keys")).toBe(false);
    const unsubscribe = hub.subscribe(new Listener());
    expect([hub.hasListeners("keys"), hub.hasListeners("health")]).toEqual([true, false]);
    unsubscribe();
    expect(hub.hasListeners("keys")).toBe(false);
  });
});

describe("a stream", () => {
  test("without changes carries a heartbeat each 15 s", async () => {
    const one = listen();
    await clock.advance(14_000);
    expect(one.told).toEqual([]);
    await clock.advance(47_000);
    expect(one.told).toEqual(["beat", "beat", "beat", "beat"]);
  });

  test("that is not read gets nothing more, and is cut after five seconds", async () => {
    const one = listen({ reads: false });
    for (let i = 0; i < 80; i++) {
      hub.publish("keys");
      await clock.advance(100);
    }
    expect(one.told).toEqual(["cut"]);
  });

  test("that is read again is told what it has missed, as one event", async () => {
    const one = listen({ reads: false });
    hub.publish("keys");
    await clock.advance(2000);
    hub.publish("models");
    one.reads = true;
    await clock.advance(600);
    expect(one.told).toEqual(["keys models"]);
  });

  test("of somebody who reads nothing without any change is cut too", async () => {
    const one = listen({ reads: false });
    await clock.advance(31_000);
    expect(one.told).toEqual(["cut"]);
  });

  test("ends when the hub closes, after which there is no other", async () => {
    const one = listen();
    hub.publish("keys");
    hub.close();
    expect(one.told).toEqual(["keys", "end"]);
    expect(() => listen()).toThrow(expect.objectContaining({ code: "draining" }));
    await clock.advance(60_000);
    expect(one.told).toEqual(["keys", "end"]);
  });
});

describe("who is no longer allowed in", () => {
  test("is found out within 30 s", async () => {
    const [one, other] = [listen(), listen()];
    one.allowed = async () => false;
    await clock.advance(30_000);
    await turn();
    expect([one.told.includes("end"), other.told.includes("end")]).toEqual([true, false]);
  });

  test.each(["sessions", "users", "keys"] as const)("is found out at once when %s have changed", async (topic) => {
    const one = listen({ allowed: async () => false });
    hub.publish("models");
    await turn();
    expect(one.told).toEqual([]);
    hub.publish(topic);
    await turn();
    expect(one.told).toEqual(["end"]);
  });

  test("an answer that fails, or never comes, is a no", async () => {
    const [failing, hanging] = [
      listen({ allowed: () => Promise.reject(new Error("the database is away")) }),
      listen({ allowed: () => new Promise(() => {}) }),
    ];
    hub.publish("users");
    await turn();
    expect([failing.told, hanging.told]).toEqual([["end"], []]);
    await clock.advance(10_000);
    await turn();
    expect(hanging.told.at(-1)).toBe("end");
  });

  test("others have their turn while many are asked about", async () => {
    const many = Array.from({ length: 200 }, (_, index) => listen({ owner: `usr_${index}` }));
    const asked = () => many.filter(({ checks }) => checks > 0).length;
    hub.publish("users");
    await turn();
    expect(asked()).toBeLessThan(50);
    await eventually(async () => asked() === 200);
    expect(many.every(({ checks }) => checks === 1)).toBe(true);
  });

  test("a change that comes while others are looked for is looked into as well, and many cost two questions a second", async () => {
    const one = listen();
    for (let i = 0; i < 1000; i++) hub.publish("users");
    await turn();
    expect(one.checks).toBe(1);
    one.allowed = async () => false;
    await clock.advance(500);
    await turn();
    expect([one.checks, one.told.at(-1)]).toEqual([2, "end"]);
  });
});

describe("bounds", () => {
  test("ten streams for one owner", () => {
    for (let i = 0; i < 10; i++) listen();
    expect(() => listen()).toThrow(expect.objectContaining({ code: "too_many_streams" }));
    listen({ owner: "usr_2" });
  });

  test("five hundred in all; one that ends makes room", () => {
    const ends = Array.from({ length: 500 }, (_, i) => hub.subscribe(Object.assign(new Listener(), { owner: `usr_${i}` })));
    expect(() => listen({ owner: "another" })).toThrow(expect.objectContaining({ code: "too_many_streams" }));
    ends[0]?.();
    ends[0]?.();
    listen({ owner: "another" });
    expect(() => listen({ owner: "yet another" })).toThrow(expect.objectContaining({ code: "too_many_streams" }));
  });
});

test("over a socket: whoever stops reading is cut, and nothing piles up for them", async () => {
  let answer: ServerResponse | null = null;
  const server = createServer((_request, response) => {
    answer = response;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => void client.destroy());
  client.on("error", () => undefined);
  client.write("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
  const response = await eventually(async () => answer);
  const stream = beginEventStream(response, {});
  hub.subscribe({ ...stream, owner: "usr_1", topics: new Set<Topic>(["keys"]), isStillAllowed: async () => true });
  // What the system's own buffers take is no concern of the process's: once they are full, writing stops.
  const large = Array<Topic>(10_000).fill("keys");
  let stuck = 0;
  while (stuck < 20) {
    stuck = stream.isIdle() ? 0 : stuck + 1;
    if (stuck === 0) stream.send(large);
    await new Promise((resolve) => setTimeout(resolve, stuck));
  }
  const held = response.writableLength;
  for (let i = 0; i < 40 && !response.destroyed; i++) {
    hub.publish("keys");
    await clock.advance(500);
    expect(response.writableLength).toBeLessThanOrEqual(held);
  }
  expect(response.destroyed).toBe(true);
  expect(hub.hasListeners("keys")).toBe(false);
});
