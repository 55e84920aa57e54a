// A real OpenID provider (oidc-provider) on a real socket: discovery, JWKS, tokens by client_credentials, introspection.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { listenOnOwnPort } from "./own-port.ts";
import { jwt, keySigner } from "./signed-jwt.ts";

export interface TokenWishes {
  audience?: string;
  scope?: string;
  lifetimeSeconds?: number;
}

interface SigningKey {
  kid: string;
  alg: "RS256" | "ES256" | "EdDSA";
  privateKey: KeyObject;
}

const clientSecret = "s e/c+r%e:t";
const scopes = ["inference", "admin"];

/** Every client id is a client, with the secret above; the tokens that it gets have it as `sub`. */
export class OidcIssuer {
  /** The issuer, no trailing slash. */
  readonly url: string;
  readonly introspectionUrl: string;
  /** What a resource server authenticates with at the introspection endpoint. */
  readonly introspector = { clientId: "headgate server", clientSecret };
  /** Claims of the tokens of a `sub`, from its next token on. */
  readonly claims = new Map<string, Record<string, unknown>>();
  /** Paths of all requests so far. */
  requests: string[] = [];
  /** Runs before the real thing; true: it has answered, or never will. */
  intercept: ((...args: Parameters<RequestListener>) => boolean) | null = null;
  readonly #server: Server;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #records = new Map<string, unknown>();
  #key: SigningKey = newKey("RS256");
  #lifetimeSeconds = 3600;
  #handler: RequestListener = (_request, response) => response.writeHead(503).end();

  constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}`;
    this.introspectionUrl = `${this.url}/token/introspection`;
    server.on("request", (request, response) => {
      this.requests.push(request.url ?? "");
      if (!this.intercept?.(request, response)) this.#handler(request, response);
    });
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  get kid(): string {
    return this.#key.kid;
  }

  /** The public half of the key in use, as PEM and as JWK: all that an attacker can have. */
  get publicKey(): { pem: string; jwk: JsonWebKey } {
    const key = createPublicKey(this.#key.privateKey);
    return { pem: key.export({ format: "pem", type: "spki" }).toString(), jwk: key.export({ format: "jwk" }) };
  }

  /** Signs with a new key from now on; the JWKS has that one alone. */
  async rotate(alg: SigningKey["alg"] = "RS256"): Promise<void> {
    this.#key = newKey(alg);
    await this.restart();
  }

  /** A signed JWT access token from the token endpoint. */
  jwt(sub: string, { audience = "headgate", ...wishes }: TokenWishes = {}): Promise<string> {
    return this.#token(sub, wishes, { resource: `urn:jwt:${audience}` });
  }

  /** An opaque one, which only introspection makes sense of. */
  opaque(sub: string, { audience, ...wishes }: TokenWishes = {}): Promise<string> {
    return this.#token(sub, wishes, audience === undefined ? {} : { resource: `urn:opaque:${audience}` });
  }

  /** Signed with the issuer's own key, but with whatever claims and header: for tokens that it would not issue. */
  sign(claims: Record<string, unknown>, header: Record<string, unknown> = {}): string {
    const { alg, kid, privateKey } = this.#key;
    return jwt({ header: { alg, kid, ...header }, claims }, keySigner(privateKey));
  }

  /** Claims that are all right, for `sign`. */
  goodClaims(sub: string): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.url, aud: "headgate", sub, iat: now, exp: now + 3600 };
  }

  count(path: string): number {
    return this.requests.filter((requested) => requested === path).length;
  }

  /** As if the machine were gone; `start()` brings it back on the same port, with all its tokens. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** The same provider with the keys of now. */
  async restart(): Promise<void> {
    this.#handler = await silently(async () => {
      const { Provider } = await import("oidc-provider");
      const provider = new Provider(this.url, this.#configuration());
      const listen = provider.callback();
      return listen;
    });
  }

  #configuration(): Record<string, unknown> {
    const { kid, alg, privateKey } = this.#key;
    const getResourceServerInfo = (_context: unknown, resource: string) => {
      const [, accessTokenFormat, audience] = resource.split(":");
      return {
        scope: scopes.join(" "),
        audience,
        accessTokenFormat,
        ...(accessTokenFormat === "jwt" && { jwt: { sign: { alg } } }),
      };
    };
    return {
      adapter: recordsAdapter(this.#records),
      jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid, alg, use: "sig" }] },
      scopes,
      clientDefaults: { id_token_signed_response_alg: alg },
      extraTokenClaims: (_context: unknown, { clientId }: { clientId: string }) => ({
        sub: clientId,
        ...this.claims.get(clientId),
      }),
      ttl: { ClientCredentials: () => this.#lifetimeSeconds },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        introspection: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: { enabled: true, defaultResource: () => undefined, getResourceServerInfo },
      },
    };
  }

  async #token(sub: string, { scope, lifetimeSeconds = 3600 }: TokenWishes, more: Record<string, string>): Promise<string> {
    this.#lifetimeSeconds = lifetimeSeconds;
    const body = new URLSearchParams({ grant_type: "client_credentials", ...more, ...(scope !== undefined && { scope }) });
    const credentials = [sub, clientSecret].map(encodeURIComponent).join(":");
    const headers = { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const answer = await fetch(`${this.url}/token`, { method: "POST", headers, body });
    const { access_token: token, ...rest } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`the issuer gives no token: ${answer.status} ${JSON.stringify(rest)}`);
    return token;
  }
}

let keysMade = 0;

function newKey(alg: SigningKey["alg"]): SigningKey {
  const privateKey = {
    RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    EdDSA: () => generateKeyPairSync("ed25519").privateKey,
  }[alg]();
  return { kid: `key-${++keysMade}`, alg, privateKey: createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" })) };
}

/** Where the provider keeps its tokens; of clients it has one for every id. */
function recordsAdapter(records: Map<string, unknown>) {
  return class {
    readonly model: string;
    constructor(model: string) {
      this.model = model;
    }
    async upsert(id: string, payload: unknown): Promise<void> {
      records.set(`${this.model}:${id}`, payload);
    }
    async find(id: string): Promise<unknown> {
      if (this.model !== "Client") return records.get(`${this.model}:${id}`);
      const grants = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
      return { client_id: id, client_secret: clientSecret, ...grants };
    }
    async destroy(id: string): Promise<void> {
      records.delete(`${this.model}:${id}`);
    }
    async consume(): Promise<void> {}
    async findByUid(): Promise<void> {}
    async findByUserCode(): Promise<void> {}
    async revokeByGrantId(): Promise<void> {}
  };
}

/** Without the provider's remarks on the version of Node and on plain http. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/** Starts it on a free port of 127.0.0.1. */
export async function startOidcIssuer(): Promise<OidcIssuer> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  await listenOnOwnPort(server);
  const issuer = new OidcIssuer(server);
  await issuer.restart();
  return issuer;
}
