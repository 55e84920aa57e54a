// What is remembered of heads is not the heads: they hold keys, and are many.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { readPlainHead } from "./plain-head.ts";

test("names and paths that are remembered do not keep the heads that they came with", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const pad = "x".repeat(15_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1000; i++) {
    const lines = `Host: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-Long-Header-Name-${i}: a\r\nX-Pad: ${pad}`;
    const head = readPlainHead(Buffer.from(`POST /v1/chat/completions/${i} HTTP/1.1\r\n${lines}\r\n\r\n{}`));
    expect(head?.rawHeaders).toHaveLength(10);
  }
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5e6);
});
