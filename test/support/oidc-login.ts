// A real OpenID provider (oidc-provider) at which people sign in: the authorization code flow, with an account that is signed in at once.
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const loginClient = { id: "headgate dashboard", secret: "s e/c+r%e:t" };

export interface LoginClient {
  redirectUris: string[];
  /** Default: by client_secret_basic. */
  authMethod?: "client_secret_basic" | "client_secret_post" | "none";
  signingAlg?: "RS256" | "ES256";
}

export class OidcLogin {
  /** The issuer, no trailing slash. */
  readonly url: string;
  /** Who signs in next; null: somebody who changes their mind. */
  account: string | null = "ada";
  /** Claims by account. */
  readonly claims = new Map<string, Record<string, unknown>>();
  /** `method path` of all requests so far. */
  requests: string[] = [];
  /** Runs before the real thing; true: it has answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null;
  readonly #server: Server;
  #handler: RequestListener = (_request, response) => response.writeHead(503).end();

  constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => {
      this.requests.push(`${request.method} ${(request.url ?? "").split("?")[0]}`);
      if (!this.intercept?.(request, response)) this.#handler(request, response);
    });
  }

  /** Registers the one client there is. */
  async register({ redirectUris, authMethod = "client_secret_basic", signingAlg = "RS256" }: LoginClient): Promise<void> {
    const { warn, info } = console;
    console.warn = console.info = () => {};
    try {
      const { Provider } = await import("oidc-provider");
      const provider = new Provider(this.url, {
        clients: [
          {
            client_id: loginClient.id,
            ...(authMethod !== "none" && { client_secret: loginClient.secret }),
            token_endpoint_auth_method: authMethod,
            redirect_uris: redirectUris,
            id_token_signed_response_alg: signingAlg,
          },
        ],
        clientAuthMethods: [authMethod],
        enabledJWA: { idTokenSigningAlgValues: [signingAlg] },
        ...(signingAlg === "ES256" && { jwks: { keys: [await ecKey()] } }),
        claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"], groups: ["groups"] },
        scopes: ["openid", "profile", "email", "groups"],
        pkce: { required: () => true },
        features: { devInteractions: { enabled: false } },
        ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
        cookies: { keys: ["a key of the tests"] },
        interactions: { url: () => "/sign-in-page" },
        findAccount: (_context: unknown, accountId: string) => ({
          accountId,
          claims: async () => ({ sub: accountId, ...this.claims.get(accountId) }),
        }),
      });
      const handle = provider.callback();
      this.#handler = (request, response) => {
        if (request.url !== "/sign-in-page") return handle(request, response);
        return void this.#signIn(provider, request, response).catch(() => response.destroy());
      };
    } finally {
      Object.assign(console, { warn, info });
    }
  }

  async #signIn(
    provider: InstanceType<typeof import("oidc-provider")["Provider"]>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const options = { mergeWithLastSubmission: false };
    if (this.account === null) {
      const refusal = { error: "access_denied", error_description: "<b>changed</b> my mind" };
      return provider.interactionFinished(request, response, refusal, options);
    }
    const grant = new provider.Grant({ accountId: this.account, clientId: String(params.client_id) });
    grant.addOIDCScope(String(params.scope));
    const result = { login: { accountId: this.account }, consent: { grantId: await grant.save() } };
    return provider.interactionFinished(request, response, result, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function ecKey(): Promise<object> {
  const { generateKeyPairSync } = await import("node:crypto");
  return { ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }), kid: "ec", use: "sig" };
}

/** Starts it on a free port of 127.0.0.1; it answers once a client is registered. */
export async function startOidcLogin(): Promise<OidcLogin> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return new OidcLogin(server);
}
