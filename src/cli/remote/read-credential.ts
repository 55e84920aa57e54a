// A provider's credential, from a file or standard input: on the command line every user of the machine could read it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { WrongUse } from "../wrong-use.ts";
import type { Remote } from "./remote.ts";

export interface CredentialOptions {
  apiKeyFile?: string;
  apiKeyStdin?: boolean;
}

/** Undefined: none was given. */
export async function readCredential(options: CredentialOptions, { terminal, cwd }: Remote): Promise<string | undefined> {
  const { apiKeyFile, apiKeyStdin = false } = options;
  if (apiKeyFile !== undefined && apiKeyStdin) throw new WrongUse("--api-key-file and --api-key-stdin do not go together.");
  if (apiKeyFile === undefined && !apiKeyStdin) return undefined;
  const text = apiKeyFile === undefined ? await terminal.readInput() : readFileSync(resolve(cwd ?? ".", apiKeyFile), "utf8");
  if (text.trim() === "") throw new WrongUse(`${apiKeyFile ?? "Standard input"} holds no API key.`);
  return text.trim();
}
