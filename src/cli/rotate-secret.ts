// `headgate rotate-secret`: encrypts everything stored under the secret key anew, under another one.
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { loadSecretKey, replaceSecretKeyFile, secretKeyPath, writeSecretKeyFile } from "../config/secret-key.ts";
import { withCredential } from "../control/admin/endpoints/deleted-content.ts";
import { recordChange } from "../control/audit/record-change.ts";
import { bodyContext } from "../control/bodies/seal-bodies.ts";
import { credentialContext } from "../control/discovery/list-target.ts";
import { manifestContext } from "../control/manifest/manifest-secrets.ts";
import { goneAfterMs } from "../control/replicas/replica-registry.ts";
import { secretKeyIdMeta } from "../control/secret-key-id.ts";
import { snapshotFileName } from "../control/snapshot-file.ts";
import { Cipher } from "../core/cipher.ts";
import { Secret } from "../core/secret.ts";
import { lockDataDir } from "../storage/data-dir-lock.ts";
import type { Repositories, Storage } from "../storage/ports/storage.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { finishRotation, nextSecretKeyPath } from "./finish-rotation.ts";
import { hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";

/**
 * Changes to HEADGATE_NEW_SECRET_KEY, or with a key file to a generated key. Crash-safe: the new key is on disk before
 * anything is encrypted under it, the database changes in one transaction, and a start finishes what was cut off between.
 */
export async function rotateSecret(options: SharedOptions, io: CommandIo): Promise<void> {
  const loaded = loadForCommand(options, io);
  const { config, dataDir, envSecretKey, envNewSecretKey } = loaded;
  if (envSecretKey !== null && envNewSecretKey === null) {
    throw new CommandFailed(
      "The secret key comes from HEADGATE_SECRET_KEY: set HEADGATE_NEW_SECRET_KEY to the one to change to.",
    );
  }
  if (!hasDatabase(loaded)) throw new CommandFailed(`There is no database in ${dataDir} yet, so there is nothing to change.`);
  // a server would go on with the old key, and write under it
  const lock = await lockDataDir(dataDir);
  try {
    const changed = await withStorage(loaded, (storage) => rotate(storage, loaded));
    io.print(
      `The secret key has changed; ${changed === 1 ? "1 provider key was" : `${changed} provider keys were`} encrypted anew.`,
    );
    if (envSecretKey !== null)
      io.note("Now start Headgate with HEADGATE_SECRET_KEY set to the new key; the old one no longer works.");
    else io.note(`The new key is in ${secretKeyPath(dataDir)}. Keep a copy of it; backups made until now need the old one.`);
    if (config.database.url !== null)
      io.note("Every Headgate on this database needs the new key; those still running have to be stopped.");
  } finally {
    await lock.release();
  }
}

/** One on another machine would go on with the old key, too. */
async function refuseWhileOneRuns({ replicas }: Storage): Promise<void> {
  const alive = (await replicas.all()).filter(({ seenAgoMs }) => seenAgoMs <= goneAfterMs);
  if (alive.length === 0) return;
  const hosts = [...new Set(alive.map(({ host }) => host))].join(", ");
  throw new CommandFailed(
    `Headgate runs on this database (on ${hosts}): stop all of them first. One that was killed counts for ten seconds.`,
  );
}

async function rotate(storage: Storage, { config, dataDir, envSecretKey, envNewSecretKey }: LoadedConfig): Promise<number> {
  await storage.migrate();
  await refuseWhileOneRuns(storage);
  if (envSecretKey === null && config.database.url === null) await finishRotation(storage, dataDir);
  const oldKey = loadSecretKey({ envKey: envSecretKey, dataDir, required: config.database.url !== null });
  const newKey = envNewSecretKey ?? new Secret(randomBytes(32).toString("hex"));
  const oldCipher = new Cipher(oldKey);
  const newCipher = new Cipher(newKey);
  if (oldCipher.keyId === newCipher.keyId) throw new CommandFailed("The new secret key is the one in use.");

  const nextPath = nextSecretKeyPath(dataDir);
  if (envSecretKey === null) writeSecretKeyFile(nextPath, newKey);
  let changed: number;
  try {
    changed = await storage.transaction((repositories) => encryptAnew(repositories, oldCipher, newCipher));
  } catch (error) {
    // Only when the database says for certain that nothing changed may the new key go.
    if (envSecretKey === null && (await storage.meta.get(secretKeyIdMeta).catch(() => newCipher.keyId)) !== newCipher.keyId) {
      await rm(nextPath, { force: true });
    }
    throw error;
  }
  if (envSecretKey === null) replaceSecretKeyFile(nextPath, secretKeyPath(dataDir));
  // Encrypted under the old key; the next start writes it again.
  await rm(join(dataDir, snapshotFileName), { force: true });
  await rm(join(dataDir, `${snapshotFileName}.new`), { force: true });
  return changed;
}

/** A few at a time: there may be more of them than fits into memory. */
async function encryptBodiesAnew(
  { requestBodies }: Repositories,
  again: (ciphertext: string, context: string, whose: string) => string,
): Promise<void> {
  let last = "";
  for (;;) {
    const rows = await requestBodies.after(last, 50);
    for (const { request_id: id, request_body: request, response_body: response } of rows) {
      const whose = `What is kept of request ${id}`;
      await requestBodies.replaceTexts(id, {
        request_body: request === null ? null : again(request, bodyContext(id, "request"), whose),
        response_body: response === null ? null : again(response, bodyContext(id, "response"), whose),
      });
      last = id;
    }
    if (rows.length === 0) return;
  }
}

/** One at a time, as each holds all that its endpoint had. Expired ones too: they are there until they are deleted. */
async function encryptDeletedAnew(
  { deletedEndpoints }: Repositories,
  again: (ciphertext: string, context: string, whose: string) => string,
): Promise<void> {
  for (const id of await deletedEndpoints.ids()) {
    const row = await deletedEndpoints.get(id);
    if (row === null) continue;
    const content = withCredential(row, (ciphertext, endpoint) =>
      again(ciphertext, credentialContext(endpoint.id), `The stored key of the deleted endpoint ${endpoint.name}`),
    );
    if (content !== null) await deletedEndpoints.replaceContent(id, content);
  }
}

async function encryptAnew(repositories: Repositories, from: Cipher, to: Cipher): Promise<number> {
  const { endpoints, manifests, meta } = repositories;
  const storedKeyId = await meta.get(secretKeyIdMeta);
  if (storedKeyId !== null && storedKeyId !== from.keyId) {
    throw new CommandFailed(`The database is encrypted under secret key ${storedKeyId}, but the one given is ${from.keyId}.`);
  }
  const again = (ciphertext: string, context: string, whose: string): string => {
    try {
      return to.encrypt(from.decrypt(ciphertext, context), context);
    } catch (error) {
      throw new CommandFailed(`${whose} can't be decrypted (${(error as Error).message}). Set or remove it first.`);
    }
  };
  let changed = 0;
  for (const { id, name, api_key_ciphertext: ciphertext } of await endpoints.all()) {
    if (ciphertext === null) continue;
    const whose = `The stored key of endpoint ${name}`;
    await endpoints.update(id, { api_key_ciphertext: again(ciphertext, credentialContext(id), whose) });
    changed++;
  }
  for (const { id, name, headers_ciphertext: headers, tokens_ciphertext: tokens } of await manifests.all()) {
    const whose = (part: string) => `What manifest ${name} has for ${part}`;
    await manifests.update(id, {
      headers_ciphertext: headers === null ? null : again(headers, manifestContext(id, "headers"), whose("headers")),
      tokens_ciphertext: tokens === null ? null : again(tokens, manifestContext(id, "tokens"), whose("tokens")),
    });
  }
  await encryptDeletedAnew(repositories, again);
  await encryptBodiesAnew(repositories, again);
  await meta.set(secretKeyIdMeta, to.keyId);
  await meta.bumpConfigVersion();
  await recordChange(repositories, {
    actor: { kind: "system", name: "command line" },
    requestId: null,
    action: "secret_key.rotate",
    resource: { kind: "secret_key", id: null, name: null },
    before: { key_id: from.keyId },
    after: { key_id: to.keyId, provider_keys: changed },
    nowMs: Date.now(),
  });
  return changed;
}
