/** Login to Vault. */
import { readFile } from "node:fs/promises";
import { AuthenticationError, ConfigurationError } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";
import type { CredentialSource, VaultOptions } from "../options/secrets.ts";
import { Environment, Files } from "./local-providers.ts";
import { firstError, type VaultApi, type VaultAnswer } from "./vault-api.ts";

/** Share of its TTL after which an issued token is replaced. */
const RENEWAL_SHARE = 0.8;

/** A source of Vault tokens. */
export interface VaultLogin {
  /** Returns a token that is expected to be valid. */
  token(signal: AbortSignal): Promise<Secret>;

  /** Discards a token that Vault rejected; returns whether another one can be issued. */
  forget(): boolean;
}

/**
 * Returns the configured login.
 *
 * @throws {ConfigurationError} when none is configured
 */
export function vaultLogin(options: VaultOptions, env: NodeJS.ProcessEnv, api: VaultApi): VaultLogin {
  const read = (source: CredentialSource, signal: AbortSignal): Promise<Secret> => readNearby(source, env, signal);
  const { token, appRole, kubernetes } = options;
  if (appRole !== undefined) {
    const { roleId, secretId, mount } = appRole;
    return new IssuedToken(api, mount, async (signal) => ({
      role_id: (await read(roleId, signal)).reveal(),
      secret_id: (await read(secretId, signal)).reveal(),
    }));
  }
  if (kubernetes !== undefined) {
    const { role, tokenFile, mount } = kubernetes;
    return new IssuedToken(api, mount, async (signal) => ({ role, jwt: await serviceAccountToken(tokenFile, signal) }));
  }
  const given = token ?? fromEnvironment(env);
  if (given !== undefined) return { token: (signal) => read(given, signal), forget: () => false };
  throw new ConfigurationError(
    "No login to Vault is configured: set secrets.vault.token (or VAULT_TOKEN), secrets.vault.appRole or secrets.vault.kubernetes.",
  );
}

function fromEnvironment(env: NodeJS.ProcessEnv): Secret | undefined {
  const token = env["VAULT_TOKEN"];
  return token === undefined || token === "" ? undefined : new Secret(token);
}

async function readNearby(source: CredentialSource, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Secret> {
  if (source instanceof Secret) return source;
  const provider = source.scheme === "env" ? new Environment(env) : new Files();
  return new Secret(await provider.read(source, signal));
}

async function serviceAccountToken(file: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readFile(file, { encoding: "utf8", signal })).trim();
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`The token of the service account cannot be read from ${file} (${code}); see secrets.vault.kubernetes.tokenFile.`);
  }
}

/** A token with a TTL that an auth method issues. */
class IssuedToken implements VaultLogin {
  readonly #api: VaultApi;
  readonly #mount: string;
  readonly #credentials: (signal: AbortSignal) => Promise<Record<string, string>>;
  #issued: { readonly token: Secret; readonly until: number } | null = null;

  constructor(api: VaultApi, mount: string, credentials: (signal: AbortSignal) => Promise<Record<string, string>>) {
    this.#api = api;
    this.#mount = mount;
    this.#credentials = credentials;
  }

  async token(signal: AbortSignal): Promise<Secret> {
    if (this.#issued === null || performance.now() > this.#issued.until) this.#issued = await this.#login(signal);
    return this.#issued.token;
  }

  forget(): boolean {
    this.#issued = null;
    return true;
  }

  async #login(signal: AbortSignal): Promise<{ readonly token: Secret; readonly until: number }> {
    const credentials = await this.#credentials(signal);
    const answer = await this.#api.post(`auth/${this.#mount}/login`, credentials, signal);
    const token = answer.body.auth?.client_token;
    if (token === undefined) throw this.#refused(answer);
    const ttlMs = (answer.body.auth?.lease_duration ?? 0) * 1_000;
    // A token without expiry has a TTL of 0.
    return { token: new Secret(token), until: ttlMs === 0 ? Infinity : performance.now() + ttlMs * RENEWAL_SHARE };
  }

  #refused({ status, body }: VaultAnswer): AuthenticationError {
    return new AuthenticationError(
      `Vault at ${this.#api.address} rejected the login at auth/${this.#mount}: ${firstError(body)} (HTTP ${status}).`,
    );
  }
}
