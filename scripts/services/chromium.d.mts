// Types of chromium.mjs for the tests, which are TypeScript.
import type { LaunchOptions } from "playwright-core";

export function findChromium(): string | null;
export function installChromium(options?: { log?: (text: string) => void }): Promise<string>;
export function chromiumLaunchOptions(executablePath: string): LaunchOptions;
