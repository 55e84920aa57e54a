// What is expected of the commands of docs/command-line.md.
import { expect } from "vitest";
import { type Expected, type Reader, settings } from "./reader.ts";
import type { ShellResult } from "./shell.ts";

/** To be called before other substitutions are added: here no answer of curl's has the key. */
export function commandLineSteps(reader: Reader): Expected[] {
  let key = "";
  reader.substitutions.push(["export HEADGATE_KEY=sk-hg-…", () => `export HEADGATE_KEY=${key}`]);
  const prints = (has: string, out: RegExp, err: RegExp = /^$/): Expected => ({
    has,
    status: null,
    shows: (_answer, { stdout, stderr }: ShellResult) => {
      expect(stdout).toMatch(out);
      expect(stderr).toMatch(err);
      if (stdout.startsWith("sk-hg-")) key = stdout.trim();
    },
  });
  return [
    { ...settings("HEADGATE_URL="), before: async () => void (await reader.serve("npm start")) },
    settings("HEADGATE_TOKEN="),
    settings("OPENAI_API_KEY="),
    prints("endpoints validate", /^models +gpt-4o\n +gpt-4o-mini$/m),
    prints("endpoints add", /^aliases +gpt-4o → prod-gpt-4o$/m),
    prints("endpoints list", /^openai +active +2 /m),
    prints("endpoints show", /^API key +stored$/m),
    prints("sync openai --dry-run", /^ok: 2 unchanged$/m),
    prints("sync openai", /^ok: 2 unchanged$/m),
    prints("models list", /^NAME .*\ngpt-4o-mini +pool +active +openai .*\nprod-gpt-4o +pool /),
    prints("models show", /^openai +gpt-4o +active /m),
    prints("keys create", /^sk-hg-\S+\n$/, /^Key ci \(key_\S+\) is made\./),
    settings("HEADGATE_KEY="),
    { has: "/v1/models", shows: ({ json }) => expect(json.data.map(({ id }: { id: string }) => id)).toEqual(["gpt-4o-mini"]) },
    prints("keys list", /^ci +sk-hg-.*gpt-4o\*.* in 29d /m),
    prints("keys rotate", /^sk-hg-\S+\n$/, /^Key ci .* stays good for 1h\. It is shown this once/),
    prints("keys delete", /^$/, /^Key ci is revoked\.$/m),
    prints("main.js prices", /^MODEL +PRICE +SOURCE .*\ngpt-4o-mini +unpriced +- /),
    prints("usage --from 7d", /^$/, /^From .*\(UTC\)\nNothing was asked/),
    prints("--bucket day --json", /^\{"data":\[\],"next_cursor":null,"from":"2026-01-01T/),
    prints("endpoints remove", /^$/, /^Endpoint openai is gone\.$/m),
    prints("keys list --json", /^\{"data":\[.*\]\}\n$/),
  ];
}
