// The only way out: connects to addresses that the policy allows, and to nothing that it has not checked.
import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import { isIP, type LookupFunction, type OnReadOpts, type Socket } from "node:net";
import type { buildConnector } from "undici";
import makeConnector from "undici/lib/core/connect.js";
import { ConnectTimeoutError } from "undici/lib/core/errors.js";
import { addressRefusal } from "./address-policy.ts";

/** The policy refuses every address of the host. Nothing has been sent. */
export class EgressRefused extends Error {
  readonly code = "HEADGATE_EGRESS_REFUSED";
  constructor(message: string) {
    super(message);
    this.name = "EgressRefused";
  }
}

/** All addresses of a name, in the order to try them. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export interface ConnectorOptions {
  /** Covers DNS, TCP and TLS together. */
  connectTimeoutMs: number;
  /** Private and loopback addresses are fine: true for what an administrator made. */
  allowPrivate: boolean;
  /** In place of the system's resolver; for tests. */
  resolve?: Resolve;
  /** How its sockets read, for users that take what they emit as `data`; default: as Node's do. */
  onread?: OnReadOpts;
}

/** How far a connection had come when it failed; set as `phase` on the connector's errors, read by `classifyFailure`. */
export type ConnectPhase = "dns" | "connect" | "tls";

const resolveBySystem: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/**
 * A `connect` option for undici's Client and Pool. Names are resolved once, every address is checked, and the socket
 * goes to a checked one: a second answer of the DNS can't move it. Addresses that the policy refuses are left out
 * (a name may well have a link-local address beside a usable one); when none is left the connection fails with
 * EgressRefused. The remaining ones are tried side by side (RFC 8305).
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const { connectTimeoutMs, allowPrivate, resolve = resolveBySystem, onread } = options;

  async function allowedAddresses(hostname: string): Promise<LookupAddress[]> {
    const addresses = await resolve(hostname);
    const allowed = addresses.filter(({ address }) => addressRefusal(address, { allowPrivate }) === null);
    const refused = addresses[0];
    if (allowed.length === 0 && refused !== undefined) {
      throw new EgressRefused(`${hostname} is ${refused.address}, ${addressRefusal(refused.address, { allowPrivate })}`);
    }
    if (allowed.length === 0) throw Object.assign(new Error(`${hostname} has no address`), { code: "ENOTFOUND" });
    return allowed;
  }

  const lookup: LookupFunction = (hostname, { all, family }, callback) => {
    allowedAddresses(hostname).then(
      (addresses) => {
        const first = addresses.find((address) => !family || address.family === family) ?? (addresses[0] as LookupAddress);
        all ? callback(null, addresses) : callback(null, first.address, first.family);
      },
      (error) => callback(error, []),
    );
  };

  // undici's types don't know `onread`, but its connector hands all options on to `net.connect` and `tls.connect`.
  const reading = onread === undefined ? {} : { onread };
  const connect = makeConnector({ timeout: 0, autoSelectFamily: true, lookup, ...reading });

  return (target, callback) => {
    const refusal = isIP(target.hostname) === 0 ? null : addressRefusal(target.hostname, { allowPrivate });
    if (refusal !== null) {
      queueMicrotask(() => callback(new EgressRefused(`${target.hostname} is ${refusal}`), null));
      return;
    }
    let phase: ConnectPhase = isIP(target.hostname) === 0 ? "dns" : "connect";
    const onDone = (error: Error | null, socket: Socket | null) => {
      clearTimeout(timer);
      if (error !== null) callback(Object.assign(error, { phase }), null);
      else callback(null, socket as Socket);
    };
    // undici's types hide it, but its connector returns the socket, and only the socket knows how far it came.
    const socket = connect(target, onDone as buildConnector.Callback) as unknown as Socket;
    // undici's own timer ticks twice a second, too coarse for a timeout that users set.
    const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError("connect timeout")), connectTimeoutMs);
    socket.once("lookup", (error: Error | null) => {
      if (error === null) phase = "connect";
    });
    socket.once("connect", () => {
      phase = "tls";
    });
  };
}
