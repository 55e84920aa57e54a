// What a Headgate that has stopped leaves behind: its data folder as it is, and nothing that is still written to it.
import { watch } from "node:fs";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../support/database.ts";
import { startHeadgate } from "../support/headgate.ts";
import { manifestEntry, startManifestServer } from "../support/manifest-server.ts";

test("nothing is written to the data folder after the end, whenever that comes", async () => {
  const manifest = await startManifestServer();
  manifest.serve({ one: manifestEntry({ experts: ["a"] }) });
  const env = { METIS_STATUS_URL: manifest.url, METIS_API_TOKENS: '{"production":"key-of-the-provider"}' };
  const written: string[] = [];
  for (const beforeMs of [0, 150, 400, 900, 1100]) {
    const folder = await temporaryDirectory();
    const headgate = await startHeadgate({ dataDir: folder.path, env });
    await headgate.createKey();
    await new Promise((resolve) => setTimeout(resolve, beforeMs));
    await headgate.stop();
    const watcher = watch(folder.path, { recursive: true }, (_event, file) => written.push(`${beforeMs} ms: ${file}`));
    // Longer than changes are gathered before they are written.
    await new Promise((resolve) => setTimeout(resolve, 1300));
    watcher.close();
    await folder.remove();
  }
  await manifest.close();
  expect(written).toEqual([]);
}, 60_000);
