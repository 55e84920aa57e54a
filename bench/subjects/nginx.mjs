// nginx with proxy_pass, one worker, keep-alive to the provider: what a proxy in C costs that looks at nothing.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { proxyCore } from "../setup/cores.mjs";
import { fileLimit } from "../setup/file-limit.mjs";
import { startProcess } from "../setup/start-process.mjs";
import { subject } from "./subject.mjs";

const program = "nginx";
/** Debian puts it where only root's PATH leads. */
const searchPath = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

export const isNginxInstalled = spawnSync(program, ["-v"], { env: { PATH: searchPath } }).status === 0;

/** @param {import("./subject.mjs").Surroundings} surroundings */
export async function startNginx({ providerPort, dir }) {
  const prefix = dir;
  mkdirSync(prefix, { recursive: true });
  const port = await freePort();
  writeFileSync(`${prefix}/nginx.conf`, config(port, providerPort, prefix));
  const started = await startProcess({
    name: "nginx",
    command: [program, "-p", prefix, "-c", `${prefix}/nginx.conf`, "-e", `${prefix}/error.log`],
    core: proxyCore,
    logPath: `${dir}/nginx.log`,
    env: { ...process.env, PATH: searchPath },
    saysReady: false,
  });
  await untilListening(port);
  return subject({ name: "nginx", title: "nginx", ...started, port });
}

/** One process (no master), so that its pid is the one whose CPU counts. */
function config(port, providerPort, prefix) {
  return `daemon off;
master_process off;
pid ${prefix}/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile ${fileLimit()};
events { worker_connections 32768; }
http {
  access_log off;
  client_body_temp_path ${prefix}/body;
  proxy_temp_path ${prefix}/proxy;
  fastcgi_temp_path ${prefix}/fastcgi;
  uwsgi_temp_path ${prefix}/uwsgi;
  scgi_temp_path ${prefix}/scgi;
  client_body_buffer_size 64k;
  keepalive_requests 1000000000;
  upstream provider {
    server 127.0.0.1:${providerPort};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
  });
}

async function untilListening(port) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isThere) return;
    if (Date.now() > deadline) throw new Error("nginx does not listen");
    await new Promise((wake) => setTimeout(wake, 20));
  }
}
