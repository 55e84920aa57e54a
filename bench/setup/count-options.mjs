// The command lines of overload.mjs and soak.mjs: how much of what, and where the figures go.
import { parseArgs } from "node:util";

const commonHelp = `  --headgate FILE   the built program (default: dist/main.js)
  --json FILE       write every figure to FILE
`;

/**
 * @param {string[]} args
 * @param {{
 *   help: string,
 *   counts: Record<string, { byDefault: number, least?: number, isFraction?: boolean }>,
 *   more?: import("node:util").ParseArgsConfig["options"],
 * }} benchmark `help`: without the options that both have; `counts`: options that take a number of at least `least` (0), a whole one unless
 * `isFraction`
 * @returns {{ plan: object, values: object, headgatePath: string, jsonPath?: string } | null} `plan`: the counts, `values`: all that was
 * given; null when help was asked for and printed. Throws on what it doesn't know.
 */
export function readCountOptions(args, { help, counts, more = {} }) {
  const ofCounts = Object.entries(counts).map(([name, { byDefault }]) => [name, { type: "string", default: String(byDefault) }]);
  const { values } = parseArgs({
    args,
    options: {
      ...Object.fromEntries(ofCounts),
      headgate: { type: "string", default: "dist/main.js" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
      ...more,
    },
  });
  if (values.help) {
    process.stdout.write(help + commonHelp);
    return null;
  }
  const plan = Object.fromEntries(Object.keys(counts).map((name) => [name, count(name, values[name], counts[name])]));
  return { plan, values, headgatePath: values.headgate, jsonPath: values.json };
}

function count(name, text, { least = 0, isFraction = false }) {
  const value = Number(text);
  if (!(isFraction ? Number.isFinite(value) : Number.isSafeInteger(value)) || value < least)
    throw new Error(`--${name} does not take ${text}`);
  return value;
}
