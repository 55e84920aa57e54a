// `npm run screenshots`: fills a Headgate with ten believable days, and takes the pictures of docs/screenshots/ of its pages, light and dark.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { prepare } from "./lib/prepare.mjs";
import { inProject, say } from "./lib/project.mjs";
import { fillDays, lengthMs } from "./screenshots/believable-days.mjs";
import { startBelievableProvider } from "./screenshots/believable-provider.mjs";
import { PastClock } from "./screenshots/past-clock.mjs";
import { startPictured } from "./screenshots/pictured-headgate.mjs";
import { takePictures } from "./screenshots/take-pictures.mjs";
import { chromiumLaunchOptions, installChromium } from "./services/chromium.mjs";

prepare();
const program = process.env.HEADGATE_TEST_CHROMIUM ?? (await installChromium({ log: say }));
const folder = inProject("docs/screenshots");
const dataDir = await mkdtemp(join(tmpdir(), "headgate-screenshots-"));
const clock = new PastClock(lengthMs);
const provider = await startBelievableProvider();
const headgate = await startPictured({ dataDir, clock });
const browser = await chromium.launch(chromiumLaunchOptions(program));
try {
  say("filling ten days");
  const made = await fillDays({ headgate, provider, clock });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const count = await takePictures({ browser, headgate, made, folder });
  say(`${count} pictures are in docs/screenshots/`);
} finally {
  await browser.close();
  await headgate.stop();
  provider.close();
  await rm(dataDir, { recursive: true, force: true });
}
