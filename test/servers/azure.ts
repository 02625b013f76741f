/**
 * Azure Key Vault and the authority that gives out its tokens, as far as reading secrets goes, by the documented API. No
 * registry has a server of them; Azure's own packages, which talk to this one, check its answers.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CertificateAuthority } from "./certificates.ts";

/** An application that may log in. */
export interface AzureApplication {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

interface Issued {
  readonly clientId: string;
  readonly until: number;
}

const RESOURCE = "https://vault.azure.net";

/** A vault and its authority at one address of 127.0.0.1, with a certificate of an authority of its own. */
export class LocalKeyVault implements AsyncDisposable {
  /** Certificate that clients have to trust. */
  readonly ca: string;
  readonly url: string;
  readonly application: AzureApplication = {
    tenantId: "6b3a1c6e-2f9c-4f0b-8a64-0d8f5a1c7e21",
    clientId: "b1f1c4c2-90f4-4a0e-9b7e-5a53b7a0d6aa",
    clientSecret: `app-${randomBytes(12).toString("hex")}`,
  };
  /** What becomes of every request: "away" answers 503. */
  mode: "serving" | "away" = "serving";
  /** Whether the application may read secrets. */
  isAllowed = true;
  /** Seconds that a token lives. */
  tokenLifeSeconds = 3_600;
  /** Requests for secrets that carried a token. */
  reads = 0;
  /** Requests of any kind, the login included. */
  requests = 0;
  readonly #server: Server;
  readonly #secrets = new Map<string, string>();
  readonly #tokens = new Map<string, Issued>();

  private constructor(server: Server, ca: string) {
    this.#server = server;
    this.ca = ca;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
  }

  static async start(): Promise<LocalKeyVault> {
    const authority = await CertificateAuthority.create("Tests of Azure");
    const server = createServer(await authority.issue({ names: ["127.0.0.1"] }));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LocalKeyVault(server, authority.cert);
  }

  /** Sets a secret. */
  set(name: string, value: string): void {
    this.#secrets.set(name, value);
  }

  /** Takes back all tokens, as when they expire. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const { pathname } = new URL(request.url ?? "/", this.url);
    const body = await text(request);
    if (this.mode === "away") return send(response, 503, { error: { code: "ServiceUnavailable", message: "Try again later." } });
    if (pathname.endsWith("/.well-known/openid-configuration")) return send(response, 200, this.#discovery());
    if (pathname.endsWith("/oauth2/v2.0/token")) return this.#token(new URLSearchParams(body), response);
    const name = /^\/secrets\/([^/]+)/.exec(pathname)?.[1];
    if (name === undefined) return send(response, 404, { error: { code: "NotFound", message: "No such resource." } });
    return this.#secret(name, request, response);
  }

  #discovery(): Record<string, string> {
    const base = `${this.url}/${this.application.tenantId}`;
    return {
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    };
  }

  #token(form: URLSearchParams, response: ServerResponse): void {
    const { clientId, clientSecret } = this.application;
    if (form.get("client_id") !== clientId || form.get("client_secret") !== clientSecret) {
      const error_description = "AADSTS7000215: Invalid client secret provided.";
      return send(response, 401, { error: "invalid_client", error_description, error_codes: [7_000_215] });
    }
    if (form.get("grant_type") !== "client_credentials" || form.get("scope") !== `${RESOURCE}/.default`) {
      return send(response, 400, { error: "invalid_scope", error_description: "AADSTS70011: The scope is not valid." });
    }
    const access_token = `tok-${randomBytes(16).toString("hex")}`;
    this.#tokens.set(access_token, { clientId, until: Date.now() + this.tokenLifeSeconds * 1_000 });
    return send(response, 200, { token_type: "Bearer", expires_in: this.tokenLifeSeconds, access_token });
  }

  #secret(name: string, request: IncomingMessage, response: ServerResponse): void {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const issued = token === undefined ? undefined : this.#tokens.get(token);
    if (issued === undefined || issued.until < Date.now()) {
      const challenge = `Bearer authorization="${this.url}/${this.application.tenantId}", resource="${RESOURCE}"`;
      response.setHeader("www-authenticate", challenge);
      return send(response, 401, { error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer or PoP token." } });
    }
    this.reads++;
    if (!this.isAllowed) {
      const message = `Caller is not authorized to perform action on resource. Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'`;
      return send(response, 403, { error: { code: "Forbidden", message, innererror: { code: "ForbiddenByRbac" } } });
    }
    const value = this.#secrets.get(name);
    if (value === undefined) {
      const message = `A secret with (name/id) ${name} was not found in this key vault.`;
      return send(response, 404, { error: { code: "SecretNotFound", message } });
    }
    const now = Math.floor(Date.now() / 1_000);
    return send(response, 200, {
      value,
      id: `${this.url}/secrets/${name}/${randomBytes(16).toString("hex")}`,
      attributes: { enabled: true, created: now, updated: now, recoveryLevel: "Recoverable" },
    });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
