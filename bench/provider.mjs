// The provider behind every subject, a process of its own: raw sockets and ready-made bytes, so that it is never what limits.
// `node bench/provider.mjs --port 9100` runs it alone, behind a gateway that somebody else started.
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import { benchModel, completionBody, largeCompletionBody, streamEvents } from "./load/answers.mjs";
import { machineNowUs } from "./load/clock.mjs";
import { stampMark, writeStamp } from "./load/stamps.mjs";
import { sayReady } from "./setup/say-ready.mjs";

const { port } = parseArgs({ options: { port: { type: "string" } } }).values;

const answerHead = (fields) => Buffer.from(`${["HTTP/1.1 200 OK", ...fields].join("\r\n")}\r\n\r\n`);
const jsonAnswer = (body) =>
  Buffer.concat([
    answerHead(["content-type: application/json", `content-length: ${body.length}`, "x-request-id: req_bench"]),
    body,
  ]);
const completion = jsonAnswer(completionBody);
const largeCompletion = jsonAnswer(largeCompletionBody);
const modelList = jsonAnswer(
  Buffer.from(JSON.stringify({ object: "list", data: [{ id: benchModel, object: "model", created: 0, owned_by: "bench" }] })),
);
const streamHead = answerHead(["content-type: text/event-stream", "transfer-encoding: chunked", "x-request-id: req_bench"]);

const asFrame = (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
const lastFrame = Buffer.from("0\r\n\r\n");
/** Frames of streams by number of chunks, and whether usage was asked for. @type {Map<string, Buffer[]>} */
const framesOf = new Map();

function frames(chunkCount, withUsage, isStamped) {
  const name = `${chunkCount} ${withUsage} ${isStamped}`;
  let found = framesOf.get(name);
  if (found === undefined) {
    const { chunks, usageChunk, done } = streamEvents(chunkCount, isStamped);
    found = [...chunks, ...(withUsage ? [usageChunk] : []), done].map(asFrame).concat(lastFrame);
    framesOf.set(name, found);
  }
  return found;
}

/**
 * A stream under way.
 * @typedef {{ socket: import("node:net").Socket, frames: Buffer[], next: number, dueAt: number, intervalMs: number, isStamped: boolean, wasHeld: boolean }} Paced
 */

/** By the ms in which their next frame is due, so that a tick costs what it writes, however many streams there are. @type {Paced[][]} */
const wheel = Array.from({ length: 8192 }, () => []);
let tick = Math.floor(performance.now());
let streamsStarted = 0;

function schedule(stream) {
  const slot = Math.min(Math.max(Math.ceil(stream.dueAt), tick + 1), tick + wheel.length - 1);
  wheel[slot % wheel.length].push(stream);
}

/** At most one frame per stream and tick, each in a write of its own: what falls behind is sent on the next ticks, not at once. */
function writeDueFrames() {
  const now = Math.floor(performance.now());
  const due = [];
  while (tick < now) {
    tick++;
    const slot = tick % wheel.length;
    if (wheel[slot].length === 0) continue;
    due.push(...wheel[slot]);
    wheel[slot] = [];
  }
  for (const stream of due) writeNext(stream);
}
setInterval(writeDueFrames, 1);

function writeNext(stream) {
  if (stream.socket.destroyed) return;
  if (stream.socket.writableNeedDrain) {
    stream.wasHeld = true;
    return schedule(stream);
  }
  const frame = stream.frames[stream.next++];
  stream.socket.write(stream.isStamped ? stamped(frame, stream) : frame);
  stream.wasHeld = false;
  stream.dueAt += stream.intervalMs;
  if (stream.next < stream.frames.length) schedule(stream);
}

/** The time of writing, or, where the reader held the stream up, the time at which it was due. */
function stamped(frame, { dueAt, wasHeld }) {
  const at = frame.indexOf(stampMark);
  if (at === -1) return frame;
  const copy = Buffer.from(frame);
  const nowUs = machineNowUs();
  writeStamp(copy, at, wasHeld ? nowUs - (performance.now() - dueAt) * 1000 : nowUs);
  return copy;
}

function writeAll(socket, list) {
  let next = 0;
  const more = () => {
    while (next < list.length) if (!socket.write(list[next++])) return void socket.once("drain", more);
  };
  more();
}

function startStream(socket, body) {
  const asked = JSON.parse(body.toString());
  // gateways that take what they know out of a request leave these away
  const { max_tokens: chunkCount = 100, bench_interval_ms: intervalMs = 0, bench_stamps: isStamped = false } = asked;
  const list = frames(chunkCount, asked.stream_options?.include_usage === true, isStamped);
  socket.write(streamHead);
  if (intervalMs === 0) return writeAll(socket, list);
  // begun side by side, the streams would all be due in the same millisecond
  const startsAt = performance.now() + (streamsStarted++ % intervalMs);
  const isAtOnce = asked.bench_at_once === true;
  const dueAt = isAtOnce ? startsAt - intervalMs : startsAt;
  const stream = { socket, frames: list, next: 0, dueAt, intervalMs, isStamped, wasHeld: false };
  if (isAtOnce) writeNext(stream);
  else schedule(stream);
}

const endBytes = 1024;

/** Without parsing it: at its beginning, or at its end, where gateways put it that write the body anew, with a space perhaps. */
function has(body, field) {
  const ends = body.length <= 2 * endBytes ? [body] : [body.subarray(0, endBytes), body.subarray(-endBytes)];
  return ends.some((end) => end.includes(`"${field}":true`) || end.includes(`"${field}": true`));
}

function answer(socket, head, body) {
  if (head.startsWith("get ")) socket.write(modelList);
  else if (has(body, "stream")) startStream(socket, body);
  else socket.write(has(body, "bench_large") ? largeCompletion : completion);
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
server.listen(Number(port ?? 0), "127.0.0.1", 4096, () => {
  if (port === undefined) sayReady(server.address().port);
  else process.stdout.write(`provider at http://127.0.0.1:${port}/v1, model ${benchModel}\n`);
});
