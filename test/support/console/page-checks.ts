// What has to hold of every page, whatever it shows: it is accessible, and nothing of it is beyond the edge.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Visitor } from "./visitor.ts";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; any: { message: string }[] }[];
}

/** The page's serious and critical violations, in a line each. `rules`: only these of axe-core. */
export async function violationsOf(visitor: Visitor, rules?: readonly string[]): Promise<string[]> {
  const options = { resultTypes: ["violations"], preload: false, ...(rules && { runOnly: { type: "rule", values: rules } }) };
  await nextFrame(visitor);
  // Not through the page's own scripting, which its content security policy keeps from evaluating text.
  const session = await visitor.context.newCDPSession(visitor.page);
  try {
    const answer = await session.send("Runtime.evaluate", {
      expression: `(window.axe ?? (() => { ${axe} })(), window.axe.run(document, ${JSON.stringify(options)})).then((r) => JSON.stringify(r.violations))`,
      awaitPromise: true,
      returnByValue: true,
    });
    if (answer.exceptionDetails) throw new Error(`axe-core failed: ${answer.exceptionDetails.exception?.description}`);
    const violations = JSON.parse(answer.result.value) as Violation[];
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => {
        const shown = nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ""}`);
        return `${id} (${nodes.length}): ${shown.join(" | ")}`;
      });
  } finally {
    await session.detach();
  }
}

/** What a new theme or width changes has been drawn. */
async function nextFrame({ page }: Visitor): Promise<void> {
  await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
}

/** How far the page reaches beyond the right edge, px. */
export async function overflowOf({ page }: Visitor): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
