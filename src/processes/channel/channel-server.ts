// The side of a channel that listens on a unix socket; any number of others connect to it.
import { chmod, lstat, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { ChannelHandlers, ChannelLimits, ChannelPeer } from "./channel-peer.ts";
import { checkSocketPath } from "./socket-path.ts";
import { SocketPeer } from "./socket-peer.ts";

export interface ChannelServerOptions extends ChannelLimits {
  /** Of the socket; in a folder that is this user's alone. One that a process left behind is replaced. */
  path: string;
  handlers: ChannelHandlers;
  clock?: Clock | undefined;
  onPeer?: ((peer: ChannelPeer) => void) | undefined;
  onGone?: ((peer: ChannelPeer) => void) | undefined;
  /** A connection that ended by a fault, or a handler that threw with nobody waiting for its answer. */
  onProblem?: ((error: Error) => void) | undefined;
}

export class ChannelServer {
  readonly #server: Server;
  readonly #peers = new Set<ChannelPeer>();
  #onEmpty: () => void = () => undefined;

  /** Rejects with EADDRINUSE when another process listens there. */
  static async listen(options: ChannelServerOptions): Promise<ChannelServer> {
    const path = checkSocketPath(options.path);
    const channel = new ChannelServer(options);
    try {
      await channel.#listen(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || !(await isLeftBehind(path))) throw error;
      await rm(path, { force: true });
      await channel.#listen(path);
    }
    await chmod(path, 0o600);
    return channel;
  }

  private constructor(options: ChannelServerOptions) {
    const { handlers, clock = systemClock, onPeer, onGone, onProblem, frameBytesMax, queuedBytesMax, callsMax } = options;
    this.#server = createServer((socket) => {
      const peer = new SocketPeer(socket, {
        ...{ handlers, clock, onProblem, frameBytesMax, queuedBytesMax, callsMax },
        onGone: () => {
          this.#peers.delete(peer);
          onGone?.(peer);
          if (this.#peers.size === 0) this.#onEmpty();
        },
      });
      this.#peers.add(peer);
      onPeer?.(peer);
    });
  }

  /** Those that are connected. */
  get peers(): ReadonlySet<ChannelPeer> {
    return this.#peers;
  }

  /** Ends all connections, and resolves when they are gone and `onGone` has been told of each. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#peers.size === 0) resolve();
    });
    for (const peer of this.#peers) peer.close();
    await Promise.all([closed, empty]);
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      // Exclusive: in a process of a cluster, too, the socket is its own.
      this.#server.listen({ path, exclusive: true }, () => {
        this.#server.off("error", reject);
        // Of connections that could not be taken; those who connect try again.
        this.#server.on("error", () => undefined);
        resolve();
      });
    });
  }
}

/** Whether it is a socket that nobody listens on: its process ended without removing it. */
async function isLeftBehind(path: string): Promise<boolean> {
  if (!(await lstat(path)).isSocket()) return false;
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT"));
  });
}
