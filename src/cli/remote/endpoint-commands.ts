// `headgate endpoints …`
import type { Command } from "commander";
import type { z } from "zod";
import type { EndpointBody, validationView } from "../../api/endpoints.ts";
import type { SyncRunBody } from "../../api/sync-runs.ts";
import { CommandFailed } from "../command.ts";
import { WrongUse } from "../wrong-use.ts";
import { printable } from "./printable.ts";
import { type CredentialOptions, readCredential } from "./read-credential.ts";
import { relativeTime } from "./relative-time.ts";
import { collect, confirm, printList, type Remote, type RemoteOptions, type RunRemote, remoteCommand } from "./remote.ts";
import { resolveName } from "./resolve-name.ts";
import { type Colour, type Column, facts, table } from "./table.ts";

const kind = { path: "/endpoints", noun: "endpoint", prefix: "ep_" };

interface AddOptions extends RemoteOptions, CredentialOptions {
  dialect?: string;
  model?: string[];
  alias?: string[];
}

export function endpointCommands(program: Command, run: RunRemote): void {
  const endpoints = program.command("endpoints").description("endpoints of a running Headgate");

  remoteCommand(endpoints, "list", "list endpoints by name")
    .option("--search <text>", "those whose name holds this text")
    .action((options: RemoteOptions & { search?: string }) =>
      run(options, async (remote) => {
        const items = await remote.client.list<EndpointBody>(kind.path, { search: options.search });
        printList(remote, items, columns(remote), "There are no endpoints.");
      }),
    );

  remoteCommand(endpoints, "show <endpoint>", "one endpoint, by name or id").action((name: string, options: RemoteOptions) =>
    run(options, async (remote) => {
      const { id } = await resolveName<EndpointBody>(remote.client, kind, name);
      const { text, body } = await remote.client.get<EndpointBody>(`${kind.path}/${id}`);
      remote.print(remote.isJson ? text : shown(body, remote));
    }),
  );

  withConnection(remoteCommand(endpoints, "add <name> <url>", "register an endpoint with the models that its provider lists"))
    .option("--model <id>", "pin this model instead of following the provider; may be repeated", collect)
    .option("--alias <id=name>", "public name of a model; may be repeated", collect)
    .action((name: string, url: string, options: AddOptions) =>
      run(options, async (remote) => {
        const { dialect, model: models, alias } = options;
        const aliases = alias === undefined ? undefined : Object.fromEntries(alias.map(aliasOf));
        const given = { name, url, api_key: await readCredential(options, remote), dialect, models, aliases };
        const { text, body } = await remote.client.post<EndpointBody>(kind.path, given);
        remote.print(remote.isJson ? text : shown(body, remote));
        if (body.last_sync !== null && body.last_sync.status !== "ok") {
          remote.note(`It is registered, but without its models. When that is mended: headgate endpoints sync ${body.name}`);
        }
      }),
    );

  withConnection(
    remoteCommand(endpoints, "validate <url>", "try a connection and list its models, without changing anything"),
  ).action((url: string, options: RemoteOptions & CredentialOptions & { dialect?: string }) =>
    run(options, async (remote) => {
      const given = { url, api_key: await readCredential(options, remote), dialect: options.dialect };
      const { text, body } = await remote.client.post<z.output<typeof validationView>>(`${kind.path}/validate`, given);
      if (remote.isJson) remote.print(text);
      if (!body.ok) throw new CommandFailed(printable([`${body.stage}: ${body.message}`, body.hint].filter(Boolean).join(" ")));
      const about = { url: body.effective_url, latency: `${Math.round(body.latency_ms)} ms`, models: body.models.join("\n") };
      if (!remote.isJson) remote.print(facts(Object.entries(about)));
    }),
  );

  remoteCommand(endpoints, "sync <endpoint>", "bring an endpoint's models in line with its provider's list")
    .option("--dry-run", "say what would happen, and change nothing")
    .option("--confirm", "take models offline even where the loss looks too great to be meant")
    .action((name: string, options: RemoteOptions & { dryRun?: boolean; confirm?: boolean }) =>
      run(options, async (remote) => {
        const { id } = await resolveName<EndpointBody>(remote.client, kind, name);
        const query = { dry_run: flag(options.dryRun), confirm: flag(options.confirm) };
        const { text, body } = await remote.client.post<SyncRunBody>(`${kind.path}/${id}/synchronize`, undefined, query);
        if (remote.isJson) remote.print(text);
        else printRun(remote, body);
        if (body.status === "failed") throw new CommandFailed(printable(`${body.stage}: ${body.error ?? "the listing failed"}`));
        if (body.status === "guarded")
          throw new CommandFailed(
            printable(`${body.error ?? "Too many models would go offline."} --confirm does it all the same.`),
          );
      }),
    );

  remoteCommand(endpoints, "remove <endpoint>", "delete an endpoint with its deployments, and the models that nobody else has")
    .option("--yes", "do not ask")
    .action((name: string, options: RemoteOptions & { yes?: boolean }) =>
      run(options, async (remote) => {
        const { id, name: found, model_counts } = await resolveName<EndpointBody>(remote.client, kind, name);
        const lost = model_counts.active + model_counts.offline + model_counts.disabled;
        await confirm(remote, options.yes, `Endpoint ${found} (${id}) goes, with its ${lost} models.`);
        await remote.client.delete(`${kind.path}/${id}`);
        remote.note(`Endpoint ${printable(found)} is gone.`);
      }),
    );
}

function withConnection(command: Command): Command {
  return command
    .option("--api-key-file <file>", "file with the provider's API key")
    .option("--api-key-stdin", "read the provider's API key from standard input")
    .option("--dialect <name>", "openai, anthropic, gemini or azure (default: by the host of the URL, else openai)");
}

function aliasOf(text: string): [string, string] {
  const at = text.lastIndexOf("=");
  if (at < 1 || at === text.length - 1) throw new WrongUse(`--alias ${text}: must be <provider's id>=<public name>.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

const flag = (isGiven: boolean | undefined) => (isGiven === true ? "true" : undefined);

const statusColours: Readonly<Record<EndpointBody["status"], Colour>> = {
  active: "green",
  offline: "red",
  disabled: "dim",
  never_synced: "yellow",
};

function columns({ nowMs }: Remote): Column<EndpointBody>[] {
  return [
    { head: "name", cell: ({ name }) => name },
    { head: "status", cell: ({ status }) => status, colour: ({ status }) => statusColours[status] },
    { head: "models", cell: ({ model_counts }) => model_counts.active, align: "right" },
    { head: "offline", cell: ({ model_counts }) => model_counts.offline || "", align: "right" },
    { head: "last sync", cell: ({ last_sync }) => relativeTime(last_sync?.finished_at, nowMs) },
    {
      head: "result",
      cell: ({ last_sync }) => last_sync?.status,
      colour: (row) => (row.last_sync?.status === "ok" ? null : "red"),
    },
    { head: "origin", cell: ({ origin, manifest }) => manifest ?? origin },
    { head: "url", cell: ({ url }) => url },
    { head: "id", cell: ({ id }) => id, colour: () => "dim" },
  ];
}

function shown(endpoint: EndpointBody, { nowMs }: Remote): string {
  const { model_counts: counts, last_sync: sync } = endpoint;
  const outcome = sync === null ? null : [sync.status, sync.error && `${sync.stage}: ${sync.error}`].filter(Boolean).join(", ");
  return facts([
    ["name", endpoint.name],
    ["id", endpoint.id],
    ["description", endpoint.description],
    ["status", endpoint.status],
    ["url", endpoint.effective_url],
    ["dialect", endpoint.dialect],
    ["API key", endpoint.has_api_key ? "stored" : "none"],
    ["origin", endpoint.manifest === null ? endpoint.origin : `manifest ${endpoint.manifest}`],
    ["models", `${counts.active} active, ${counts.offline} offline, ${counts.disabled} disabled`],
    ["selection", endpoint.models === "all" ? "all that the provider lists" : endpoint.models.join("\n")],
    [
      "aliases",
      Object.entries(endpoint.aliases)
        .map(([id, name]) => `${id} → ${name}`)
        .join("\n"),
    ],
    ["weight", endpoint.weight],
    ["sync interval", endpoint.sync_interval],
    ["last sync", outcome === null ? "never" : `${relativeTime(sync?.finished_at, nowMs)}, ${outcome}`],
    ["created", relativeTime(endpoint.created_at, nowMs)],
    ["updated", relativeTime(endpoint.updated_at, nowMs)],
  ]);
}

const outcomeColours: Readonly<Record<string, Colour>> = {
  added: "green",
  returned: "green",
  offline: "red",
  conflict: "red",
  skipped: "yellow",
  unchanged: "dim",
};

function printRun({ print, terminal }: Remote, run: SyncRunBody): void {
  const changed = run.models.filter(({ outcome }) => outcome !== "unchanged");
  const counted = Object.entries(run.counts).filter(([, count]) => count > 0);
  if (changed.length > 0) {
    const heads: Column<(typeof changed)[number]>[] = [
      { head: "outcome", cell: ({ outcome }) => outcome, colour: ({ outcome }) => outcomeColours[outcome] ?? null },
      { head: "model", cell: ({ id }) => id },
      { head: "detail", cell: ({ detail }) => detail },
    ];
    print(table(heads, changed, terminal.style));
  }
  print(`${run.status}: ${counted.map(([name, count]) => `${count} ${name}`).join(", ") || "no models"}`);
}
