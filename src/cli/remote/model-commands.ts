// `headgate models …`
import type { Command } from "commander";
import type { CatalogueModelBody, DeploymentBody, ModelBody } from "../../api/models.ts";
import { relativeTime } from "./relative-time.ts";
import { printList, type Remote, type RemoteOptions, type RunRemote, remoteCommand } from "./remote.ts";
import { resolveName } from "./resolve-name.ts";
import { type Colour, type Column, facts, table } from "./table.ts";

/** Where the role shows nothing of what stands behind it, the catalogue's shorter form. */
type Model = ModelBody | CatalogueModelBody;

const kind = { path: "/models", noun: "model", prefix: "mdl_" };

export function modelCommands(program: Command, run: RunRemote): void {
  const models = program.command("models").description("models of a running Headgate");

  remoteCommand(models, "list", "list models by name")
    .option("--search <text>", "those whose name holds this text")
    .action((options: RemoteOptions & { search?: string }) =>
      run(options, async (remote) => {
        const items = await remote.client.list<Model>(kind.path, { search: options.search });
        printList(remote, items, columns, "There are no such models.");
      }),
    );

  remoteCommand(models, "show <model>", "one model with its deployments, by name or id").action(
    (name: string, options: RemoteOptions) =>
      run(options, async (remote) => {
        const { id } = await resolveName<Model>(remote.client, kind, name);
        const { text, body } = await remote.client.get<Model>(`${kind.path}/${id}`);
        remote.print(remote.isJson ? text : shown(body, remote));
      }),
  );
}

const statusColours: Readonly<Record<string, Colour>> = { active: "green", offline: "red", disabled: "dim" };

const columns: Column<Model>[] = [
  { head: "name", cell: ({ name }) => name },
  { head: "kind", cell: (model) => model.kind },
  { head: "status", cell: ({ status }) => status, colour: ({ status }) => statusColours[status] ?? null },
  { head: "endpoints", cell: (model) => endpointsOf(model).join(", ") },
  { head: "strategy", cell: (model) => ("strategy" in model ? model.strategy : "") },
  { head: "id", cell: ({ id }) => id, colour: () => "dim" },
];

function endpointsOf(model: Model): string[] {
  return "deployments" in model ? [...new Set(model.deployments.map(({ endpoint }) => endpoint))] : [];
}

function shown(model: Model, { nowMs, terminal }: Remote): string {
  const limits = limitsInWords(model.limits);
  const about = [
    ["name", model.name],
    ["id", model.id],
    ["kind", model.kind],
    ["status", model.status],
    ["limits", limits],
  ] as const;
  if (!("deployments" in model)) return facts(about);
  const timeouts = Object.entries(model.timeouts).map(([name, value]) => `${name} ${value}`);
  const more = [
    ["strategy", model.strategy],
    ["max attempts", model.max_attempts],
    ["hedge", model.hedge && `after ${model.hedge.min_delay}, ${model.hedge.extra_traffic * 100} % of calls`],
    ["timeouts", timeouts.join(", ")],
    ["groups", model.groups === null ? "all that are granted its name" : model.groups.join(", ")],
    ["updated", relativeTime(model.updated_at, nowMs)],
  ] as const;
  return `${facts([...about, ...more])}\n\n${table(deploymentColumns(nowMs), model.deployments, terminal.style)}`;
}

function deploymentColumns(nowMs: number): Column<DeploymentBody>[] {
  return [
    { head: "endpoint", cell: ({ endpoint }) => endpoint },
    { head: "upstream model", cell: ({ upstream_model }) => upstream_model },
    { head: "status", cell: ({ status }) => status, colour: ({ status }) => statusColours[status] ?? null },
    { head: "reason", cell: ({ reason }) => reason },
    { head: "since", cell: ({ since }) => relativeTime(since, nowMs) },
    { head: "health", cell: ({ health }) => health.status },
    { head: "ms", cell: ({ health }) => health.latency_ms && Math.round(health.latency_ms), align: "right" },
    { head: "weight", cell: ({ weight }) => weight, align: "right" },
    { head: "priority", cell: ({ priority }) => priority, align: "right" },
  ];
}

function limitsInWords(limits: Model["limits"]): string {
  const { requests_per_second: perSecond, requests_per_minute: perMinute, tokens_per_minute: tokens } = limits;
  const { concurrent_requests: atOnce, budget_usd: usd, budget_period: period } = limits;
  const words = [
    perSecond && `${perSecond} requests/s`,
    perMinute && `${perMinute} requests/min`,
    tokens && `${tokens} tokens/min`,
    atOnce && `${atOnce} requests at once`,
    usd === undefined ? "" : `$${usd} ${period === "total" ? "in all" : `a ${period}`}`,
  ];
  return words.filter(Boolean).join(", ");
}
