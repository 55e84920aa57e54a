// A provider for the pictures: several base URLs on one port, each with models of its own, answers of different lengths and speeds.
import { createServer } from "node:http";

const modelsByPath = {
  openai: ["gpt-5.1", "gpt-5.1-mini", "text-embedding-3-large"],
  cluster: ["llama-3.3-70b-instruct", "qwen3-32b", "mistral-small-3.2"],
  cellar: ["llama-3.3-70b-instruct", "whisper-large-v3"],
  institute: ["olmo-3-32b", "apertus-70b"],
};
const sentence =
  "A gateway stands in front of every model source: it knows who calls, chooses where the call goes, and writes down what it was.";

/** `url`: without a path; append `/openai/v1`, `/cluster/v1` or `/cellar/v1`. */
export async function startBelievableProvider() {
  const settings = { failing: new Set(), withoutModels: new Set() };
  const server = createServer(async (request, response) => {
    const [, path = "", ...rest] = new URL(request.url, "http://localhost").pathname.split("/");
    if (path === "status.json") return answer(response, 200, manifest(server.address().port));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const models = (modelsByPath[path] ?? []).filter((id) => !settings.withoutModels.has(id));
    if (request.headers.authorization === "Bearer wrong")
      return answer(response, 401, { error: { message: "Incorrect API key provided." } });
    if (rest.at(-1) === "models")
      return answer(response, 200, { object: "list", data: models.map((id) => ({ id, object: "model" })) });
    if (settings.failing.has(path)) return answer(response, 503, { error: { message: "The engine is restarting." } });
    await complete(response, JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}"), path);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    settings,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the institute next door offers. */
function manifest(port) {
  const entry = (endpoint_id, status, experts) => ({
    status,
    model: experts[0],
    experts,
    endpoint_id,
    url: `http://127.0.0.1:${port}/institute/v1`,
  });
  return {
    "rack-1": entry("rack-1", "Live", ["olmo-3-32b"]),
    "rack-2": entry("rack-2", "Live", ["apertus-70b"]),
    "rack-3": entry("rack-3", "Maintenance", ["olmo-3-7b"]),
  };
}

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function complete(response, { model, stream = false, messages = [] }, path) {
  const words = sentence.split(" ");
  const length = 8 + (JSON.stringify(messages).length % words.length);
  const usage = { prompt_tokens: 180 + length * 37, completion_tokens: Math.round(length * 1.4), total_tokens: 0 };
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  const base = { id: "chatcmpl-1", created: 1, model };
  await pause((path === "cellar" ? 90 : 35) + Math.random() * 60);
  if (!stream) {
    const message = { role: "assistant", content: words.slice(0, length).join(" ") };
    return answer(response, 200, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: "stop" }],
      usage,
    });
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (data) => response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...data })}\n\n`);
  for (const word of words) {
    send({ choices: [{ index: 0, delta: { content: `${word} ` }, finish_reason: null }] });
    await pause(path === "cellar" ? 20 : 10);
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  send({ choices: [], usage });
  response.end("data: [DONE]\n\n");
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
