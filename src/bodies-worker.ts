// The thread that cleans bodies before they are stored: looking through them costs the thread that serves calls nothing.
import { parentPort } from "node:worker_threads";
import { cleanBody } from "./control/bodies/clean-body.ts";
import type { CleanerAnswer, CleanerOrder } from "./control/bodies/threaded-cleaner.ts";

parentPort?.on("message", async ({ id, body, wanted }: CleanerOrder) => {
  let answer: CleanerAnswer;
  try {
    // On its way a Buffer becomes a plain array of bytes.
    const { buffer, byteOffset, byteLength } = body.bytes;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    answer = { id, clean: await cleanBody({ ...body, bytes }, wanted), failure: null };
  } catch (error) {
    answer = { id, clean: null, failure: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
