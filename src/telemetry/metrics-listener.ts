// Metrics on a port of their own, for scrapers that have no key: whoever can reach the port may read them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";
import { sendMetrics } from "./ops-endpoints.ts";

export interface MetricsListener {
  url: string;
  close(): void;
}

/** Resolves when it listens; rejects when the port is taken. */
export async function listenForMetrics(metrics: Metrics, host: string, port: number): Promise<MetricsListener> {
  const server = createServer((req, res) => {
    if (req.url === "/metrics") sendMetrics(metrics, res);
    else res.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/metrics`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
