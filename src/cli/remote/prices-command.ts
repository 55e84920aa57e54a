// `headgate prices`: what the models of a running Headgate cost.
import type { Command } from "commander";
import type { ModelPriceBody, PriceBody, PriceStatus } from "../../api/prices.ts";
import { printList, type RemoteOptions, type RunRemote, remoteCommand } from "./remote.ts";
import type { Colour, Column } from "./table.ts";

interface PricesOptions extends RemoteOptions {
  search?: string;
  status?: string;
}

export function pricesCommand(program: Command, run: RunRemote): void {
  remoteCommand(program, "prices", "what the models of a running Headgate cost, by name")
    .option("--search <text>", "those whose name holds this text")
    .option("--status <status>", "override, catalogue, mixed or unpriced")
    .action((options: PricesOptions) =>
      run(options, async (remote) => {
        const { search, status } = options;
        const items = await remote.client.list<ModelPriceBody>("/prices", { search, status });
        printList(remote, items, columns, "There are no such models.");
      }),
    );
}

const statusColours: Readonly<Record<PriceStatus, Colour | null>> = {
  override: "green",
  catalogue: null,
  mixed: "yellow",
  unpriced: "red",
};

const columns: Column<ModelPriceBody>[] = [
  { head: "model", cell: ({ model }) => model },
  { head: "price", cell: ({ status }) => status, colour: ({ status }) => statusColours[status] },
  { head: "source", cell: sourcesOf },
  { head: "input ($/M)", cell: (row) => range(row, ({ input_usd_per_million: usd }) => usd), align: "right" },
  { head: "cached", cell: (row) => range(row, ({ cached_input_usd_per_million: usd }) => usd), align: "right" },
  { head: "output ($/M)", cell: (row) => range(row, ({ output_usd_per_million: usd }) => usd), align: "right" },
];

function pricesOf({ override, deployments }: ModelPriceBody): PriceBody[] {
  return override === null ? deployments.flatMap(({ price }) => price ?? []) : [override];
}

/** The catalogue's names of what is behind the model. */
function sourcesOf(row: ModelPriceBody): string {
  const names = pricesOf(row).map(({ source, provider, provider_model: model }) =>
    provider === null ? source : `${provider}/${model}`,
  );
  const unpriced = row.override === null && row.deployments.some(({ price }) => price === null) ? ["-"] : [];
  return [...new Set([...names, ...unpriced])].join(", ");
}

/** "0.15", or where deployments cost different amounts, "0.15-2.5". */
function range(row: ModelPriceBody, of: (price: PriceBody) => number): string {
  const amounts = pricesOf(row).map(of);
  if (amounts.length === 0) return "-";
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)];
  return least === most ? String(least) : `${least}-${most}`;
}
