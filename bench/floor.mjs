// The floor: the least that a proxy of node:http and undici can do. It moves bytes, reads nothing in them and keeps no account.
import { createServer } from "node:http";
import { Pool } from "undici";
import { sayReady } from "./setup/say-ready.mjs";

const upstream = new Pool(process.argv[2], { connections: 16_384, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

/** Fields that belong to one connection (RFC 9110 §7.6.1); node and undici write their own. */
const ownFields = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

function forward(req, res, body) {
  const headers = [];
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index];
    if (!ownFields.has(name)) headers.push(name, req.rawHeaders[index + 1]);
  }
  let controller;
  res.on("drain", () => controller?.resume());
  res.on("close", () => {
    if (!res.writableFinished) controller?.abort(new Error("the caller has gone"));
  });
  upstream.dispatch(
    { path: req.url, method: req.method, headers, body },
    {
      onRequestStart(own) {
        controller = own;
      },
      onResponseStart(_, status, fields) {
        delete fields.connection;
        delete fields["keep-alive"];
        delete fields["transfer-encoding"];
        res.writeHead(status, fields);
      },
      onResponseData(_, chunk) {
        if (!res.write(chunk)) controller.pause();
      },
      onResponseEnd() {
        res.end();
      },
      onResponseError() {
        if (res.headersSent) res.destroy();
        else res.writeHead(502).end();
      },
    },
  );
}

const server = createServer({ noDelay: true, keepAliveTimeout: 75_000 }, (req, res) => {
  const chunks = [];
  req.on("data", (chunk) => chunks.push(chunk));
  req.on("end", () => forward(req, res, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
});
server.listen(0, "127.0.0.1", 4096, () => sayReady(server.address().port));
