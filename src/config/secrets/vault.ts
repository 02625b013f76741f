/** Secrets in HashiCorp Vault or OpenBao. */
import { AuthenticationError, ConfigurationError, PermissionError, QueryError } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import type { VaultOptions } from "../options/secrets.ts";
import type { SecretProvider } from "./provider.ts";
import type { SecretReference } from "./reference.ts";
import { firstError, VaultApi, type VaultAnswer } from "./vault-api.ts";
import { vaultLogin, type VaultLogin } from "./vault-login.ts";

/** Endpoint that returns the mount of a path; Vault's own tools use it too. */
const MOUNT_OF = "sys/internal/ui/mounts/";

/** The mount path of a secrets engine, and its version. */
interface Mount {
  /** With a trailing slash. */
  readonly path: string;
  readonly isVersioned: boolean;
}

/** Reads key-value engines of both versions, and other engines whose secrets have no lease. */
export class Vault implements SecretProvider {
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
      // The token expired or was revoked; a new login may issue another.
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
        `Vault issues ${document} with a lease, and open connections would fail when it expires. ` +
          "Use a secret without a lease: a key-value engine, or a static role of the database engine.",
      );
    }
    const data = mount.isVersioned ? (answer.body.data as { readonly data?: unknown } | undefined)?.data : answer.body.data;
    if (typeof data !== "object" || data === null) throw this.#missing(document);
    return JSON.stringify(data);
  }

  /** Returns mount path and version of a document's engine; every token that may read the document may request this. */
  async #findMount(token: Secret, document: string, signal: AbortSignal): Promise<Mount> {
    const { status, body } = await this.#get(`${MOUNT_OF}${encodePath(document)}`, token, signal);
    const { path, options } = (body.data ?? {}) as { readonly path?: string; readonly options?: Record<string, string> | null };
    if (status === 404 || path === undefined) throw this.#missing(document);
    return { path, isVersioned: options?.["version"] === "2" };
  }

  /** Reads a path; responses other than 200 and 404 are errors. */
  async #get(path: string, token: Secret, signal: AbortSignal): Promise<VaultAnswer> {
    const { api } = this.#connect();
    const answer = await api.get(path, token, signal);
    if (answer.status === 200 || answer.status === 404) return answer;
    if (answer.status !== 403) {
      throw new QueryError(`Vault at ${api.address} could not read ${path}: ${firstError(answer.body)} (HTTP ${answer.status}).`);
    }
    // Vault returns 403 for an invalid token and for a missing right. Every valid token may look itself up.
    const self = await api.get("auth/token/lookup-self", token, signal);
    if (self.status === 200) {
      throw new PermissionError(`Vault at ${api.address} denied access: ${refusalOf(path)}.`);
    }
    throw new AuthenticationError(`Vault at ${api.address} rejected the token: it is wrong, was revoked or has expired.`);
  }

  #missing(document: string): ConfigurationError {
    return new ConfigurationError(`Vault at ${this.#connect().api.address} has no secret at ${document}, or it is deleted.`);
  }
}

/** The reason for a 403, for a read and for a lookup of a mount. */
function refusalOf(path: string): string {
  const mount = path.startsWith(MOUNT_OF) ? path.slice(MOUNT_OF.length) : null;
  return mount === null
    ? `the token's policies must allow "read" on ${path}`
    : `nothing is mounted at ${mount}, or the token's policies allow no access to it`;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
