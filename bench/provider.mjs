// The provider behind every subject, a process of its own: raw sockets and ready-made bytes, so that it is never what limits.
import { createServer } from "node:net";
import { benchModel, completionBody, streamEvents } from "./load/answers.mjs";
import { sayReady } from "./setup/say-ready.mjs";

const answerHead = (fields) => Buffer.from(`${["HTTP/1.1 200 OK", ...fields].join("\r\n")}\r\n\r\n`);
const jsonAnswer = (body) =>
  Buffer.concat([
    answerHead(["content-type: application/json", `content-length: ${body.length}`, "x-request-id: req_bench"]),
    body,
  ]);
const completion = jsonAnswer(completionBody);
const modelList = jsonAnswer(
  Buffer.from(JSON.stringify({ object: "list", data: [{ id: benchModel, object: "model", created: 0, owned_by: "bench" }] })),
);
const streamHead = answerHead(["content-type: text/event-stream", "transfer-encoding: chunked", "x-request-id: req_bench"]);

const asFrame = (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const lastFrame = Buffer.from("0\r\n\r\n");
/** Frames of streams by number of chunks, and whether usage was asked for. @type {Map<string, Buffer[]>} */
const framesOf = new Map();

function frames(chunkCount, withUsage) {
  const name = `${chunkCount} ${withUsage}`;
  let found = framesOf.get(name);
  if (found === undefined) {
    const { chunks, usageChunk, done } = streamEvents(chunkCount);
    found = [...chunks, ...(withUsage ? [usageChunk] : []), done].map(asFrame).concat(lastFrame);
    framesOf.set(name, found);
  }
  return found;
}

/** Streams under way that are paced. @type {Set<{ socket: import("node:net").Socket, frames: Buffer[], next: number, dueAt: number, intervalMs: number }>} */
const pacedStreams = new Set();
let streamsStarted = 0;

/** At most one frame per stream and tick, each in a write of its own: what falls behind is sent on the next ticks, not at once. */
function writeDueFrames() {
  const now = performance.now();
  for (const stream of pacedStreams) {
    if (stream.socket.destroyed) pacedStreams.delete(stream);
    if (stream.socket.destroyed || stream.dueAt > now || stream.socket.writableNeedDrain) continue;
    stream.socket.write(stream.frames[stream.next++]);
    stream.dueAt += stream.intervalMs;
    if (stream.next === stream.frames.length) pacedStreams.delete(stream);
  }
}
setInterval(writeDueFrames, 1);

function writeAll(socket, list) {
  let next = 0;
  const more = () => {
    while (next < list.length) if (!socket.write(list[next++])) return void socket.once("drain", more);
  };
  more();
}

function startStream(socket, body) {
  const { max_tokens: chunkCount, bench_interval_ms: intervalMs, stream_options: options } = JSON.parse(body.toString());
  socket.write(streamHead);
  const list = frames(chunkCount, options?.include_usage === true);
  if (intervalMs === 0) return writeAll(socket, list);
  // begun side by side, the streams would all be due in the same millisecond
  const dueAt = performance.now() + (streamsStarted++ % intervalMs);
  pacedStreams.add({ socket, frames: list, next: 0, dueAt, intervalMs });
}

function answer(socket, head, body) {
  if (head.startsWith("get ")) socket.write(modelList);
  else if (body.includes('"stream":true')) startStream(socket, body);
  else socket.write(completion);
}

const empty = Buffer.alloc(0);

const server = createServer({ noDelay: true }, (socket) => {
  let held = empty;
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    let bytes = held.length === 0 ? data : Buffer.concat([held, data]);
    while (bytes.length > 0) {
      const headEnd = bytes.indexOf("\r\n\r\n");
      if (headEnd === -1) break;
      const head = bytes.latin1Slice(0, headEnd).toLowerCase();
      if (head.includes("\r\ntransfer-encoding:")) return void socket.end("HTTP/1.1 411 Length Required\r\n\r\n");
      const field = head.indexOf("\r\ncontent-length:");
      const end = headEnd + 4 + (field === -1 ? 0 : Number.parseInt(head.slice(field + 17), 10));
      if (bytes.length < end) break;
      answer(socket, head, bytes.subarray(headEnd + 4, end));
      bytes = bytes.subarray(end);
    }
    held = bytes;
  });
});
server.listen(0, "127.0.0.1", 4096, () => sayReady(server.address().port));
