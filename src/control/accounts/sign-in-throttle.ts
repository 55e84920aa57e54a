// How many passwords may be tried: at an account from an address, at an account from all addresses, and from an address at all accounts.

export interface SignInThrottleOptions {
  windowMs?: number;
  /** Failures at one account from one address. */
  ofPairMax?: number;
  /** Failures from one address. */
  ofAddressMax?: number;
  /**
   * Failures at one account from addresses that nobody has signed in to it from lately: many addresses don't make a guess free, and whoever
   * has many can't keep people out from where they usually are.
   */
  ofAccountMax?: number;
  /** Accounts, addresses and pairs remembered; those that came first are forgotten first. */
  entriesMax?: number;
}

/** A try that was let through. */
export interface SignInTry {
  /** The password was right: the try counts as none, and neither do those before it at this account from this address. */
  succeeded(): void;
  /** Nobody has looked at the password: there was no try. */
  withdrawn(): void;
}

/** A try counts before it is looked at, so that many at once are counted too. */
export class SignInThrottle {
  readonly #windowMs: number;
  readonly #ofPairMax: number;
  readonly #ofAddressMax: number;
  readonly #ofAccountMax: number;
  readonly #entriesMax: number;
  /** Times of tries, in the order they came in, by what they count for. */
  readonly #tries = new Map<string, number[]>();
  /** Pairs of account and address that have succeeded. */
  readonly #usual = new Set<string>();

  constructor(options: SignInThrottleOptions = {}) {
    this.#windowMs = options.windowMs ?? 15 * 60_000;
    this.#ofPairMax = options.ofPairMax ?? 10;
    this.#ofAddressMax = options.ofAddressMax ?? 100;
    this.#ofAccountMax = options.ofAccountMax ?? 100;
    this.#entriesMax = options.entriesMax ?? 50_000;
  }

  /** The number of ms after which a try would be let through, or one that is. `account`: as it was typed; there need be none. */
  begin(account: string, address: string, nowMs: number): number | SignInTry {
    const name = nameOf(account);
    const pair = pairOf(name, address);
    const limits: [string, number][] = [
      [`pair ${pair}`, this.#ofPairMax],
      [`address ${address}`, this.#ofAddressMax],
    ];
    // Without a limit there is nothing to remember.
    if (!this.#usual.has(pair) && Number.isFinite(this.#ofAccountMax)) limits.push([`account ${name}`, this.#ofAccountMax]);
    const waitMs = Math.max(...limits.map(([key, most]) => this.#waitMs(key, most, nowMs)));
    if (waitMs > 0) return waitMs;
    for (const [key] of limits) this.#add(key, nowMs);
    return {
      succeeded: () => {
        this.#tries.delete(`pair ${pair}`);
        for (const [key] of limits.slice(1)) this.#takeBack(key, nowMs);
        this.#remember(pair);
      },
      withdrawn: () => {
        for (const [key] of limits) this.#takeBack(key, nowMs);
      },
    };
  }

  /** Whoever is at `address` has shown in another way whose account it is: failures before that don't keep them out. */
  forgive(account: string, address: string): void {
    const pair = pairOf(nameOf(account), address);
    this.#tries.delete(`pair ${pair}`);
    this.#remember(pair);
  }

  #waitMs(key: string, most: number, nowMs: number): number {
    const times = this.#tries.get(key);
    if (times === undefined) return 0;
    // Of what lies ahead the clock has been set back: it means nothing now.
    const recent = times.filter((atMs) => atMs > nowMs - this.#windowMs && atMs <= nowMs);
    if (recent.length === 0) this.#tries.delete(key);
    else this.#tries.set(key, recent);
    return recent.length < most ? 0 : (recent[recent.length - most] as number) + this.#windowMs - nowMs;
  }

  #add(key: string, nowMs: number): void {
    const times = this.#tries.get(key);
    if (times !== undefined) return void times.push(nowMs);
    if (this.#tries.size >= this.#entriesMax) this.#tries.delete(this.#tries.keys().next().value as string);
    this.#tries.set(key, [nowMs]);
  }

  #takeBack(key: string, atMs: number): void {
    const times = this.#tries.get(key);
    const index = times?.lastIndexOf(atMs) ?? -1;
    if (index >= 0) times?.splice(index, 1);
    if (times?.length === 0) this.#tries.delete(key);
  }

  #remember(pair: string): void {
    this.#usual.delete(pair);
    if (this.#usual.size >= this.#entriesMax) this.#usual.delete(this.#usual.values().next().value as string);
    this.#usual.add(pair);
  }
}

function nameOf(account: string): string {
  return account.normalize("NFKC").trim().toLowerCase();
}

function pairOf(name: string, address: string): string {
  return JSON.stringify([name, address]);
}
