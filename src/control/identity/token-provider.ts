// What an identity provider does with a token, and how it says that it can't at the moment.
import type { TokenVerdict } from "../../domain/identity.ts";

export interface TokenProvider {
  /** For the log. */
  readonly name: string;
  /** Rejects with ProviderUnavailable when the provider gives no usable answer. */
  verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict>;
}

/** The message is for the log: it names steps and statuses, never a token or a secret. */
export class ProviderUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ProviderUnavailable";
  }
}
