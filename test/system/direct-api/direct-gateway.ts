// A Headgate that is set up the way the direct-API guide says: a manifest over HTTP, keys by endpoint_id, callers with Globus tokens.
import { onTestFinished } from "vitest";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../../support/headgate.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { type RawRequest, rawRequest } from "../../support/raw-http.ts";

export const userToken = "globus-token-of-a-user-48h";
export const openaiKey = "sk-proj-of-openai-production";
export const anthropicKey = "sk-ant-of-anthropic-production";
export const chatPath = "/resource_server/metis/api/v1/chat/completions";

/** The guide's manifest; `urls` in place of the providers' own. */
export function guideManifest(urls: { openai: string; anthropic: string }): Record<string, object> {
  return {
    "openai-gpt4": manifestEntry({
      description: "GPT-4 models via OpenAI API",
      experts: ["gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini"],
      url: urls.openai,
    }),
    "anthropic-claude": manifestEntry({
      model: "Anthropic Claude",
      description: "Claude models via Anthropic API",
      experts: ["claude-3-opus-20240229", "claude-3-sonnet-20240229", "claude-3-haiku-20240307"],
      url: urls.anthropic,
      endpoint_id: "anthropic-production",
    }),
  };
}

/** The variables that the guide names, for servers of the tests. */
export function guideVariables(
  manifest: ManifestServer,
  globus: MockGlobus,
  tokens: Record<string, string> = { "openai-production": openaiKey, "anthropic-production": anthropicKey },
): Record<string, string> {
  return {
    METIS_STATUS_URL: manifest.url,
    METIS_API_TOKENS: JSON.stringify(tokens),
    GLOBUS_APPLICATION_ID: globus.clientId,
    GLOBUS_APPLICATION_SECRET: globus.clientSecret,
    HEADGATE_GLOBUS_AUTH_URL: globus.url,
    HEADGATE_GLOBUS_GROUPS_URL: globus.url,
  };
}

export interface DirectGateway {
  headgate: Headgate;
  manifest: ManifestServer;
  globus: MockGlobus;
  /** Serves this manifest and has it fetched; resolves when it is in force. */
  serve(manifest: unknown): Promise<void>;
  /** Has the manifest fetched now; resolves to what the admin API then says of it. */
  refresh(): ReturnType<Headgate["admin"]>;
  /** A call of `model`, or of `options.body`, as the guide's user unless `headers` say otherwise. */
  chat(model: string, options?: Partial<RawRequest>): Promise<RawResponse>;
  /** A GET of the user's. */
  get(target: string, headers?: Record<string, string>): Promise<RawResponse>;
}

export interface DirectOptions extends HeadgateOptions {
  manifest: unknown;
  tokens?: Record<string, string>;
}

/** Starts all of it; the manifest is polled once an hour unless `env` says otherwise. It ends with the test. */
export async function startDirectGateway({ manifest: content, tokens, env, ...options }: DirectOptions): Promise<DirectGateway> {
  const [manifest, globus] = await Promise.all([startManifestServer(), startMockGlobus()]);
  onTestFinished(async () => {
    await manifest.close();
    await globus.stop();
  });
  manifest.serve(content);
  globus.tokens.set(userToken, globusPerson("u@uni.edu"));
  const headgate = await startHeadgate({
    ...options,
    env: { ...guideVariables(manifest, globus, tokens), HEADGATE_MANIFEST_INTERVAL: "1h", ...env },
  });
  onTestFinished(() => headgate.stop());
  return directGateway(headgate, manifest, globus);
}

export function directGateway(headgate: Headgate, manifest: ManifestServer, globus: MockGlobus): DirectGateway {
  const bearer = { authorization: `Bearer ${userToken}` };
  const refresh = async () => {
    const { data } = (await headgate.admin("GET", "/manifests")).body;
    return headgate.admin("POST", `/manifests/${data[0].id}/refresh`);
  };
  return {
    headgate,
    manifest,
    globus,
    refresh,
    async serve(next) {
      manifest.serve(next);
      const { status, body } = await refresh();
      if (status !== 200 || body.status !== "ok") throw new Error(`the manifest is not in force: ${JSON.stringify(body)}`);
    },
    chat: (model, request = {}) =>
      rawRequest(headgate.url, {
        method: "POST",
        target: chatPath,
        headers: bearer,
        body: { model, messages: [{ role: "user", content: "Hello from FIRST!" }] },
        ...request,
      }),
    get: (target, headers = bearer) => rawRequest(headgate.url, { target, headers }),
  };
}
