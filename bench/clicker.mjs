// Somebody who clicks through the console: page after page, in a process of its own, so that reading them holds up no caller.
import { askPage, pagesOf } from "./measure/console-pages.mjs";
import { sayReady } from "./setup/say-ready.mjs";
import { goLast } from "./setup/turns-of-cores.mjs";

/** Faster than anybody reads. */
const pauseMs = 100;

const { port, tokens, known } = JSON.parse(process.argv[2]);
// A browser is on another machine.
goLast(process.pid);
const pages = Object.keys(tokens).flatMap((who) => pagesOf(who, known).map(({ path }) => ({ path, token: tokens[who] })));
for (let turn = 0; ; turn++) {
  const { path, token } = pages[turn % pages.length];
  await askPage({ port }, token, path);
  // Starting took this process more of the core than clicking does; that is not to be measured.
  if (turn === 0) sayReady(port);
  await new Promise((wake) => setTimeout(wake, pauseMs));
}
