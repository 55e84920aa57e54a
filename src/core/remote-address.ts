// The address at the other end of the connection that a request came by.
import type { IncomingMessage } from "node:http";

/** On requests that came by way of another process of this installation. */
const passedOn = Symbol("remote address");
type ArrivedRequest = Pick<IncomingMessage, "socket">;
type PassedOnRequest = ArrivedRequest & { [passedOn]?: string };

/** As the socket has it; empty when the connection is gone already. For requests that were passed on, that of the first connection. */
export function remoteAddressOf(req: ArrivedRequest): string {
  return (req as PassedOnRequest)[passedOn] ?? req.socket.remoteAddress ?? "";
}

/** For whoever takes requests from another process of this installation, and from nobody else. */
export function setRemoteAddress(req: ArrivedRequest, address: string): void {
  (req as PassedOnRequest)[passedOn] = address;
}
