/** Secrets in Azure Key Vault. */
import { Agent } from "node:https";
import type { TokenCredential } from "@azure/identity";
import type { SecretClient, SecretClientOptions } from "@azure/keyvault-secrets";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  PermissionError,
  QueryError,
  UnavailableError,
  type StoreError,
} from "../../model/errors.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { AzureOptions } from "../options/secrets.ts";
import { loadPackage } from "./load-package.ts";
import { bareCause, type SecretProvider } from "./provider.ts";
import type { SecretReference } from "./reference.ts";
import { isError } from "../../model/realms.ts";

/** Reads through Azure's packages, with `DefaultAzureCredential`. */
export class AzureKeyVault implements SecretProvider {
  readonly name = "Azure Key Vault";
  readonly isChanging = true;
  readonly #options: AzureOptions;
  readonly #clients = new Map<string, SecretClient>();
  #credential: TokenCredential | null = null;

  constructor(options: AzureOptions) {
    this.#options = options;
  }

  load(): Promise<unknown> {
    return loadPackages();
  }

  async read({ document }: SecretReference, signal: AbortSignal): Promise<string> {
    const [vault = "", name = "", version] = document.split("/");
    const client = this.#clients.get(vault) ?? (await this.#newClient(vault));
    this.#clients.set(vault, client);
    let text: string | undefined;
    try {
      const secret = await client.getSecret(name, { ...(version === undefined ? {} : { version }), abortSignal: signal });
      text = secret.value;
    } catch (error) {
      const failure = toStoreError(error, vault, name);
      // The packages cache tokens and credentials; the next read creates new clients.
      if (failure instanceof AuthenticationError) this.#forget();
      throw failure;
    }
    if (text === undefined) throw new ConfigurationError(`The secret ${name} of the vault ${vault} has no value.`);
    return text;
  }

  async close(): Promise<void> {
    // The packages hold no connections to close.
    this.#forget();
  }

  #forget(): void {
    this.#clients.clear();
    this.#credential = null;
  }

  async #newClient(vault: string): Promise<SecretClient> {
    const { domain, endpoint, authorityHost } = this.#options;
    const [{ SecretClient }, { DefaultAzureCredential }] = await loadPackages();
    this.#credential ??= new DefaultAzureCredential(
      // Azure's list of authorities does not contain the user's own.
      { ...VERIFIED, ...(authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }) },
    );
    return new SecretClient(endpoint ?? `https://${vault}.${domain}`, this.#credential, {
      // The challenge names the domain of the vaults, which a custom endpoint does not match.
      disableChallengeResourceVerification: endpoint !== undefined,
      ...VERIFIED,
    });
  }
}

function loadPackages() {
  return Promise.all([loadPackage("@azure/keyvault-secrets"), loadPackage("@azure/identity")]);
}

const agent = new Agent({ ...VERIFIED_TLS, keepAlive: true });

/** Sends each https request through an agent that verifies certificates; the packages have no option for that. */
const VERIFIED: Pick<SecretClientOptions, "additionalPolicies"> = {
  additionalPolicies: [
    {
      position: "perRetry",
      policy: {
        name: "verifiedTls",
        sendRequest(request, next) {
          // Requests for managed identities go to the local machine over http.
          if (request.url.startsWith("https:")) request.agent ??= agent;
          return next(request);
        },
      },
    },
  ],
};

function toStoreError(error: unknown, vault: string, name: string): StoreError {
  const cause = bareCause(error);
  const status = isError(error) && "statusCode" in error ? error.statusCode : undefined;
  if (/^(?:CredentialUnavailableError|AuthenticationRequiredError|AuthenticationError|AggregateAuthenticationError)$/.test(cause.name)) {
    return new AuthenticationError(`Azure rejected the credentials, or none were found: ${cause.message}`, { cause });
  }
  if (typeof status !== "number") {
    return new ConnectionError(`The Azure vault ${vault} is unreachable: ${cause.message}`, { cause });
  }
  const answer = `${cause.message} (HTTP ${status})`;
  if (status === 401) return new AuthenticationError(`The Azure vault ${vault} rejected the token: ${answer}`, { cause });
  if (status === 403) {
    return new PermissionError(`The Azure vault ${vault} denied access: allow "get" on secrets, by role or access policy. ${answer}`, { cause });
  }
  if (status === 404) return new ConfigurationError(`The Azure vault ${vault} has no secret ${name}: ${answer}`, { cause });
  const what = `The Azure vault ${vault} could not return ${name}: ${answer}`;
  return status === 429 || status >= 500 ? new UnavailableError(what, { cause }) : new QueryError(what, { cause });
}
