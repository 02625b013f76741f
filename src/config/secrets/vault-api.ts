/**
 * The calls of Vault's HTTP API that reading a secret requires. A client package would add its own HTTP library for calls
 * that are not needed.
 */
import { readFile } from "node:fs/promises";
import { Agent, request, type Dispatcher } from "undici/index.js";
import { ConfigurationError, ConnectionError, UnavailableError } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { VaultOptions } from "../options/secrets.ts";
import { bareCause } from "./provider.ts";

/** The fields of a response body that are used. */
export interface VaultBody {
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[] | null;
  readonly auth?: { readonly client_token?: string; readonly lease_duration?: number } | null;
  readonly lease_id?: string;
  readonly data?: unknown;
}

/** A response that is not a failure of Vault itself. */
export interface VaultAnswer {
  readonly status: number;
  readonly body: VaultBody;
}

/** Sends requests to one Vault. */
export class VaultApi {
  readonly address: string;
  readonly #namespace: string | undefined;
  readonly #caFile: string | undefined;
  #agent: Promise<Agent> | null = null;

  /** @throws {ConfigurationError} when no URL of Vault is configured */
  constructor(options: VaultOptions, env: NodeJS.ProcessEnv) {
    const address = options.address ?? (env["VAULT_ADDR"] || undefined);
    if (address === undefined) {
      throw new ConfigurationError("The URL of Vault is not configured: set secrets.vault.address or VAULT_ADDR.");
    }
    if (!URL.canParse(address) || !/^https?:/.test(address)) {
      throw new ConfigurationError("VAULT_ADDR must be a URL such as https://vault.internal:8200.");
    }
    const { username, password, search, hash } = new URL(address);
    if (username !== "" || password !== "" || search !== "" || hash !== "") {
      throw new ConfigurationError(
        `${options.address === undefined ? "VAULT_ADDR" : "secrets.vault.address"} must not contain a user, a password or a query, ` +
          "because errors show the URL. Log in by secrets.vault.token, appRole or kubernetes.",
      );
    }
    this.address = address.replace(/\/+$/, "");
    this.#namespace = options.namespace ?? (env["VAULT_NAMESPACE"] || undefined);
    this.#caFile = options.caFile ?? (env["VAULT_CACERT"] || undefined);
  }

  /** Reads a path. */
  get(path: string, token: Secret, signal: AbortSignal): Promise<VaultAnswer> {
    return this.#send("GET", path, { "x-vault-token": token.reveal() }, null, signal);
  }

  /** Posts to a path without a token. */
  post(path: string, body: Record<string, string>, signal: AbortSignal): Promise<VaultAnswer> {
    return this.#send("POST", path, { "content-type": "application/json" }, JSON.stringify(body), signal);
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    await (await agent)?.destroy();
  }

  /**
   * @throws {ConnectionError} when there is no response
   * @throws {UnavailableError} when Vault is sealed, starting or overloaded
   */
  async #send(
    method: "GET" | "POST",
    path: string,
    headers: Record<string, string>,
    body: string | null,
    signal: AbortSignal,
  ): Promise<VaultAnswer> {
    this.#agent ??= newAgent(this.#caFile);
    const dispatcher = await this.#agent;
    const sent = { ...headers, "x-vault-request": "true", ...(this.#namespace === undefined ? {} : { "x-vault-namespace": this.#namespace }) };
    let answer: Dispatcher.ResponseData;
    let text: string;
    try {
      answer = await request(`${this.address}/v1/${path}`, { method, dispatcher, headers: sent, body, signal });
      text = await answer.body.text();
    } catch (error) {
      const cause = bareCause(error);
      throw new ConnectionError(`Vault at ${this.address} is unreachable: ${cause.message}`, { cause });
    }
    const status = answer.statusCode;
    const parsed = bodyOf(text);
    if (status === 429 || status >= 472) {
      throw new UnavailableError(`Vault at ${this.address} cannot serve now: ${firstError(parsed)} (HTTP ${status}).`);
    }
    return { status, body: parsed };
  }
}

async function newAgent(caFile: string | undefined): Promise<Agent> {
  if (caFile === undefined) return new Agent({ connect: VERIFIED_TLS });
  try {
    return new Agent({ connect: { ...VERIFIED_TLS, ca: await readFile(caFile, "utf8") } });
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`${caFile}, set by secrets.vault.caFile or VAULT_CACERT, cannot be read (${code}).`);
  }
}

function bodyOf(text: string): VaultBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    // A proxy in front of Vault answered. Its text is not shown, because it may quote the request.
    return {};
  }
}

/** Vault's reason for not serving a request. */
export function firstError({ errors, warnings }: VaultBody): string {
  return [...(errors ?? []), ...(warnings ?? [])].join("; ").replaceAll("\n", " ").trim() || "it gave no reason";
}
