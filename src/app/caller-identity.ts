// Who callers with a token are: proven by their provider, and kept as users.
import type { Config } from "../config/config.ts";
import { IdentityProviders } from "../control/identity/identity-providers.ts";
import { UserDirectory, type UserDirectoryOptions } from "../control/identity/user-directory.ts";
import type { HttpClient } from "../egress/http-client.ts";
import type { IdentitySource } from "../gateway/ports.ts";
import type { AdminAccess } from "./admin-access.ts";

export interface CallerIdentityOptions extends UserDirectoryOptions {
  config: Config;
  /** For providers. */
  client: HttpClient;
  access: AdminAccess;
}

export class CallerIdentity implements IdentitySource {
  readonly #providers: IdentityProviders;
  readonly #directory: UserDirectory;
  readonly #access: AdminAccess;

  constructor({ config, client, access, ...ofDirectory }: CallerIdentityOptions) {
    const { clock, log } = ofDirectory;
    this.#providers = new IdentityProviders({ config: config.identity, client, clock, log });
    this.#directory = new UserDirectory(ofDirectory);
    this.#access = access;
  }

  mayKnow(token: string): boolean {
    // Whoever holds out the administrator's token by mistake has not given it away to anybody.
    return this.#providers.mayKnow(token) && !this.#access.isAdminToken(token);
  }

  verify(...question: Parameters<IdentitySource["verify"]>): ReturnType<IdentitySource["verify"]> {
    return this.#providers.verify(...question);
  }

  seen(identity: Parameters<IdentitySource["seen"]>[0]): void {
    this.#directory.seen(identity);
  }

  /** What was written of these, by their ids (default: of all), may not be what there is any more. */
  forget(userIds?: readonly string[]): void {
    this.#directory.forget(userIds);
  }

  /** Writes what waits, as far as the database is there. */
  async stop(): Promise<void> {
    await this.#directory.stop();
  }
}
