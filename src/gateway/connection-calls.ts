// Which calls a connection carries: when it closes, every one of them has lost its caller, also those that wait their turn.
import type { Socket } from "node:net";
import type { Call } from "./call.ts";

// node:http closes only the response that is being written; of pipelined ones behind it nobody hears. So it is the socket
// that is watched, once per connection.
const callsOf = Symbol("calls");
type CallingSocket = Socket & { [callsOf]?: Set<Call> };

/** Counts `call` among its connection's; `onGone` runs when the connection closes before `forgetCall`. */
export function trackCall(call: Call, onGone: (call: Call) => void): void {
  const socket = call.req.socket as CallingSocket;
  let calls = socket[callsOf];
  if (calls === undefined) {
    calls = new Set();
    socket[callsOf] = calls;
    const all = calls;
    socket.once("close", () => {
      for (const one of all) onGone(one);
      all.clear();
    });
  }
  calls.add(call);
  call.siblings = calls;
  if (socket.destroyed) setImmediate(() => calls.delete(call) && onGone(call));
}

export function forgetCall(call: Call): void {
  call.siblings?.delete(call);
}
