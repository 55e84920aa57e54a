// Reads what was spent from the ledger's tables, which know models by their names.
import type { Storage } from "../../storage/ports/storage.ts";
import { accountName, type SpendQuestion, type SpendReader } from "./spend-reader.ts";

/** So many models are looked up one by one; above that, all are read. */
const modelsOneByOneMax = 20;

export class StorageSpendReader implements SpendReader {
  readonly #storage: Pick<Storage, "ledger" | "models">;

  constructor(storage: Pick<Storage, "ledger" | "models">) {
    this.#storage = storage;
  }

  async spent(accounts: readonly SpendQuestion[]): Promise<Map<string, number>> {
    const spent = new Map<string, number>();
    if (accounts.length === 0) return spent;
    const names = await this.#modelNames(accounts);
    const asked = accounts.map(({ subject, startMs }) => {
      const [kind, id] = holderOf(subject);
      // Calls of a model that is gone are not found by a name that nothing has.
      return { kind, id: kind === "model" ? (names.get(id) ?? "") : id, startMs };
    });
    const sums = await this.#storage.ledger.spendOf(asked);
    for (const [index, { subject, startMs }] of accounts.entries()) spent.set(accountName(subject, startMs), sums[index] ?? 0);
    return spent;
  }

  async #modelNames(accounts: readonly SpendQuestion[]): Promise<Map<string, string>> {
    const ids = new Set<string>();
    for (const { subject } of accounts) {
      const [kind, id] = holderOf(subject);
      if (kind === "model") ids.add(id);
    }
    if (ids.size === 0) return new Map();
    const { models } = this.#storage;
    const rows = ids.size > modelsOneByOneMax ? await models.all() : await Promise.all([...ids].map((id) => models.get(id)));
    return new Map(rows.flatMap((row) => (row === null ? [] : [[row.id, row.name] as const])));
  }
}

export type HolderKind = "key" | "user" | "group" | "model";

/** The kind and the id that a subject is made of. */
export function holderOf(subject: string): [HolderKind, string] {
  const colonAt = subject.indexOf(":");
  return [subject.slice(0, colonAt) as HolderKind, subject.slice(colonAt + 1)];
}
