/** How this process shows Vault who it is. */
import { readFile } from "node:fs/promises";
import { AuthenticationError, ConfigurationError } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";
import type { CredentialSource, VaultOptions } from "../options/secrets.ts";
import { Environment, Files } from "./local-places.ts";
import { firstError, type VaultApi, type VaultAnswer } from "./vault-api.ts";

/** A token that was given out for a login is replaced after this part of its life. */
const USED_PART_OF_LIFE = 0.8;

/** Gives tokens. */
export interface VaultLogin {
  /** A token that should be valid. */
  token(signal: AbortSignal): Promise<Secret>;

  /** Says that Vault does not accept the token; returns whether there may be another. */
  forget(): boolean;
}

/**
 * The login that is configured.
 *
 * @throws {ConfigurationError} when none is
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
    "Nothing says how to log in to Vault: set secrets.vault.token (or VAULT_TOKEN), secrets.vault.appRole or secrets.vault.kubernetes.",
  );
}

function fromEnvironment(env: NodeJS.ProcessEnv): Secret | undefined {
  const token = env["VAULT_TOKEN"];
  return token === undefined || token === "" ? undefined : new Secret(token);
}

async function readNearby(source: CredentialSource, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Secret> {
  if (source instanceof Secret) return source;
  const place = source.scheme === "env" ? new Environment(env) : new Files();
  return new Secret(await place.read(source, signal));
}

async function serviceAccountToken(file: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readFile(file, { encoding: "utf8", signal })).trim();
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`The service account's token cannot be read from ${file} (${code}); see secrets.vault.kubernetes.`);
  }
}

/** A token that a login method issues, for some time. */
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
    const lifeMs = (answer.body.auth?.lease_duration ?? 0) * 1_000;
    // A token without an end says so by a life of 0.
    return { token: new Secret(token), until: lifeMs === 0 ? Infinity : performance.now() + lifeMs * USED_PART_OF_LIFE };
  }

  #refused({ status, body }: VaultAnswer): AuthenticationError {
    return new AuthenticationError(
      `Vault at ${this.#api.address} refused the login at auth/${this.#mount}: ${firstError(body)} (HTTP ${status}).`,
    );
  }
}
