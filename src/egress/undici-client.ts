// undici's client and agent by their own files, for questions: all of undici would cost whoever asks one 3 MB more, for `fetch`, WebSocket and caches.
import { createRequire } from "node:module";
import type { Dispatcher, Agent as UndiciAgent, Client as UndiciClient } from "undici";

const require = createRequire(import.meta.url);
const dispatcher: typeof Dispatcher = require("undici/lib/dispatcher/dispatcher.js");

// As undici's own index.js does: `request` and the like are methods of every dispatcher.
Object.assign(dispatcher.prototype, require("undici/lib/api/index.js"));

export type Client = UndiciClient;
export const Client: typeof UndiciClient = require("undici/lib/dispatcher/client.js");
export type Agent = UndiciAgent;
export const Agent: typeof UndiciAgent = require("undici/lib/dispatcher/agent.js");
