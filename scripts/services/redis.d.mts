// Types of redis.mjs for the tests, which are TypeScript.

export interface RedisServer {
  url: string;
  port: number;
  /** `crash`: as `kill -9` does. */
  stop(options?: { crash?: boolean }): Promise<void>;
  /** Starts it again after `stop`: same URL; its data only when it `keepsData`. */
  start(): Promise<void>;
  /** Removes what it has on disk; it is stopped. */
  wipe(): Promise<void>;
  /** Freezes it: connections stay, nothing answers. */
  pause(): void;
  resume(): void;
  destroy(): Promise<void>;
}

export function findRedis(): string | null;
export function installRedis(options?: { log?: (text: string) => void }): Promise<string>;
export function startRedis(options?: {
  keepsData?: boolean;
  password?: string;
  log?: (text: string) => void;
}): Promise<RedisServer>;
