// Passwords as they are stored: scrypt with a salt of their own, and the costs they were made with.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** OWASP's parameters for scrypt: 128 MiB and some 100 ms each. */
const cost = { N: 2 ** 17, r: 8, p: 1 };
const keyBytes = 32;
const saltBytes = 16;
/** Hashing takes memory and a thread that file access needs too: more at once would wait anyway. */
const atOnceMax = 2;
const waitingMax = 100;

/** Too many passwords are being looked at. */
export class PasswordsBusy extends Error {
  constructor() {
    super("too many passwords are being checked");
    this.name = "PasswordsBusy";
  }
}

let running = 0;
const waiting: (() => void)[] = [];

/** `scrypt$N$r$p$salt$key`, the last two in base64. Rejects with PasswordsBusy. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return textOf(salt, await derive(password, salt, cost));
}

function textOf(salt: Buffer, key: Buffer): string {
  return ["scrypt", cost.N, cost.r, cost.p, salt.toString("base64"), key.toString("base64")].join("$");
}

/** Of an account that is not there: what is compared with it takes as long as with any other. */
const nobodys = textOf(randomBytes(saltBytes), randomBytes(keyBytes));

/** `stored` null: there is no such account, and finding that out takes as long. Rejects with PasswordsBusy. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const [kind, n, r, p, salt, key] = (stored ?? nobodys).split("$");
  if (kind !== "scrypt" || salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, "base64");
  const derived = await derive(password, Buffer.from(salt, "base64"), { N: Number(n), r: Number(r), p: Number(p) });
  return expected.length === derived.length && timingSafeEqual(expected, derived) && stored !== null;
}

async function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  if (running >= atOnceMax) {
    if (waiting.length >= waitingMax) throw new PasswordsBusy();
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    // The same text typed on another system may be composed in another way.
    return await scryptAsync(password.normalize("NFKC"), salt, { N, r, p, maxmem: 256 * N * r });
  } finally {
    // The place goes to who has waited longest: somebody who comes in between must not have it too.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function scryptAsync(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
