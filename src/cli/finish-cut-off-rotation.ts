// Before a start: finishes a `rotate-secret` that was killed half way. A key that waits beside the one in use tells of it.
import type { LoadedConfig } from "../config/load.ts";
import { lockDataDir } from "../storage/data-dir-lock.ts";
import { finishRotation, hasUnfinishedRotation } from "./finish-rotation.ts";
import { withStorage } from "./open-command-storage.ts";

export async function finishCutOffRotation(loaded: LoadedConfig): Promise<void> {
  const { config, dataDir, envSecretKey } = loaded;
  if (envSecretKey !== null || config.database.url !== null || !hasUnfinishedRotation(dataDir)) return;
  const lock = await lockDataDir(dataDir);
  try {
    await withStorage(loaded, (storage) => finishRotation(storage, dataDir));
  } finally {
    await lock.release();
  }
}
