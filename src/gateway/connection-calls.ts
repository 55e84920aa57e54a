// Which calls a connection carries: when it closes, every one of them has lost its caller, also those that wait their turn.
import type { Socket } from "node:net";
import type { Call } from "./call.ts";

// node:http closes only the response that is being written; of pipelined ones behind it nobody hears. So it is the socket
// that is watched, once per connection.
const callsOf = Symbol("calls");
type CallingSocket = Socket & { [callsOf]?: Call[] };

/** Counts `call` among its connection's; `onGone` runs when the connection closes before `forgetCall`. */
export function trackCall(call: Call, onGone: (call: Call) => void): void {
  const socket = call.req.socket as CallingSocket;
  let calls = socket[callsOf];
  if (calls === undefined) {
    calls = [];
    socket[callsOf] = calls;
    const all = calls;
    socket.once("close", () => {
      for (const one of all.splice(0)) onGone(one);
    });
  }
  calls.push(call);
  call.siblings = calls;
  if (socket.destroyed) setImmediate(() => remove(calls, call) && onGone(call));
}

export function forgetCall(call: Call): void {
  if (call.siblings !== null) remove(call.siblings, call);
}

function remove(calls: Call[], call: Call): boolean {
  const at = calls.indexOf(call);
  if (at >= 0) calls.splice(at, 1);
  return at >= 0;
}
