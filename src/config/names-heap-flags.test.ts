// Who sets V8's bounds keeps them, however that was said.
import { expect, test } from "vitest";
import { namesHeapFlags } from "./names-heap-flags.ts";

test.each([
  ["--max-semi-space-size=64", []],
  ["--enable-source-maps --max_semi_space_size=64", []],
  [undefined, ["--min-semi-space-size=16"]],
  ["", ["--inspect", "--optimize-for-size"]],
])("NODE_OPTIONS %j with the arguments %j says how large the young generation may be", (nodeOptions, execArgv) => {
  expect(namesHeapFlags(nodeOptions, execArgv)).toBe(true);
});

test.each([
  [undefined, []],
  ["--enable-source-maps --max-old-space-size=512", ["--inspect"]],
])("NODE_OPTIONS %j with the arguments %j says nothing of it", (nodeOptions, execArgv) => {
  expect(namesHeapFlags(nodeOptions, execArgv)).toBe(false);
});
