/** Secrets in HashiCorp Vault or OpenBao. */
import { AuthenticationError, ConfigurationError, PermissionError, QueryError } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import type { VaultOptions } from "../options/secrets.ts";
import type { SecretPlace } from "./place.ts";
import type { SecretReference } from "./reference.ts";
import { firstError, VaultApi, type VaultAnswer } from "./vault-api.ts";
import { vaultLogin, type VaultLogin } from "./vault-login.ts";

/** Tells where a path is mounted, as Vault's own programs ask. */
const MOUNT_OF = "sys/internal/ui/mounts/";

/** Where an engine is mounted, and how it is read. */
interface Mount {
  /** With a slash at its end. */
  readonly path: string;
  readonly isVersioned: boolean;
}

/** Reads key-value engines of both versions, and others whose secrets are read and do not end. */
export class Vault implements SecretPlace {
  readonly isChanging = true;
  readonly #options: VaultOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #mounts = new Map<string, Mount>();
  #connected: { readonly api: VaultApi; readonly login: VaultLogin } | null = null;

  constructor(options: VaultOptions, env: NodeJS.ProcessEnv) {
    this.#options = options;
    this.#env = env;
  }

  get name(): string {
    return this.#connected === null ? "Vault" : `Vault at ${this.#connected.api.address}`;
  }

  async read({ document }: SecretReference, signal: AbortSignal): Promise<string> {
    const { login } = this.#connect();
    try {
      return await this.#readAs(await login.token(signal), document, signal);
    } catch (error) {
      // A token that has ended or was revoked: another one may be had.
      if (!(error instanceof AuthenticationError) || !login.forget()) throw error;
      return await this.#readAs(await login.token(signal), document, signal);
    }
  }

  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.api.close();
  }

  #connect(): { readonly api: VaultApi; readonly login: VaultLogin } {
    if (this.#connected === null) {
      const api = new VaultApi(this.#options, this.#env);
      this.#connected = { api, login: vaultLogin(this.#options, this.#env, api) };
    }
    return this.#connected;
  }

  async #readAs(token: Secret, document: string, signal: AbortSignal): Promise<string> {
    const mount = this.#mounts.get(document) ?? (await this.#findMount(token, document, signal));
    const within = document.slice(mount.path.length);
    const path = encodePath(mount.isVersioned ? `${mount.path}data/${within}` : document);
    const answer = await this.#get(path, token, signal);
    this.#mounts.set(document, mount);
    if (answer.status === 404) throw this.#missing(document);
    if ((answer.body.lease_id ?? "") !== "") {
      throw new ConfigurationError(
        `Vault gives ${document} on a lease, for a while only, and connections that are open would end with it. ` +
          "Use a secret that is rotated in its place: a key-value engine, or a static role of the database engine.",
      );
    }
    const data = mount.isVersioned ? (answer.body.data as { readonly data?: unknown } | undefined)?.data : answer.body.data;
    if (typeof data !== "object" || data === null) throw this.#missing(document);
    return JSON.stringify(data);
  }

  /** Asks Vault where the engine of a path is mounted, and which version it is: any token that may read the path may ask. */
  async #findMount(token: Secret, document: string, signal: AbortSignal): Promise<Mount> {
    const { status, body } = await this.#get(`${MOUNT_OF}${encodePath(document)}`, token, signal);
    const { path, options } = (body.data ?? {}) as { readonly path?: string; readonly options?: Record<string, string> | null };
    if (status === 404 || path === undefined) throw this.#missing(document);
    return { path, isVersioned: options?.["version"] === "2" };
  }

  /** One read; every answer but "here it is" and "there is none" is an error. */
  async #get(path: string, token: Secret, signal: AbortSignal): Promise<VaultAnswer> {
    const { api } = this.#connect();
    const answer = await api.get(path, token, signal);
    if (answer.status === 200 || answer.status === 404) return answer;
    if (answer.status !== 403) {
      throw new QueryError(`Vault at ${api.address} could not read ${path}: ${firstError(answer.body)} (HTTP ${answer.status}).`);
    }
    // Vault says the same of a token that it does not know and of one that lacks the right; every token may look at itself.
    const self = await api.get("auth/token/lookup-self", token, signal);
    if (self.status === 200) {
      throw new PermissionError(`Vault at ${api.address} refused it: ${refusalOf(path)}.`);
    }
    throw new AuthenticationError(`Vault at ${api.address} does not accept the token: it is wrong, was revoked or has expired.`);
  }

  #missing(document: string): ConfigurationError {
    return new ConfigurationError(`Vault at ${this.#connect().api.address} has nothing at ${document}, or what was there is deleted.`);
  }
}

/** The question where a path is mounted is refused for the sake of the path. */
function refusalOf(path: string): string {
  const mount = path.startsWith(MOUNT_OF) ? path.slice(MOUNT_OF.length) : null;
  return mount === null
    ? `the token's policies must allow "read" on ${path}`
    : `nothing is mounted at ${mount}, or the token's policies allow nothing there`;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
