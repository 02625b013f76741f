// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { Secret } from "../../model/secret.ts";
import type { SecretReference } from "../secrets/reference.ts";

/** HashiCorp Vault or OpenBao, for vault://mount/path#field (KV versions 1 and 2). */
export interface SecretsVaultOptions {
  /**
   * URL of Vault or OpenBao; by default VAULT_ADDR.
   *
   * @example "https://vault.internal:8200"
   */
  address?: string | undefined;
  /**
   * Namespace of Vault; by default VAULT_NAMESPACE.
   *
   * @example "agents"
   */
  namespace?: string | undefined;
  /**
   * Token: text, env://NAME or file:///path, read at each use; by default VAULT_TOKEN.
   *
   * @example "file:///run/secrets/vault-token"
   */
  token?: string | Secret | SecretReference | undefined;
  /** Login to Vault by AppRole. */
  appRole?: SecretsVaultAppRoleOptions | undefined;
  /** Login to Vault by a Kubernetes service account. */
  kubernetes?: SecretsVaultKubernetesOptions | undefined;
  /**
   * File with the certificates of trusted CAs; by default VAULT_CACERT, or those of Node.js.
   *
   * @example "/etc/ssl/vault-ca.pem"
   */
  caFile?: string | undefined;
}

/** Login to Vault by AppRole. */
export interface SecretsVaultAppRoleOptions {
  /**
   * Id of the role: text, env://NAME or file:///path.
   *
   * @example "env://VAULT_ROLE_ID"
   */
  roleId: string | Secret | SecretReference;
  /**
   * Secret id of the role: text, env://NAME or file:///path.
   *
   * @example "file:///run/secrets/vault-secret-id"
   */
  secretId: string | Secret | SecretReference;
  /**
   * Mount path of the auth method.
   *
   * @default "approle"
   */
  mount?: string | undefined;
}

/** Login to Vault by a Kubernetes service account. */
export interface SecretsVaultKubernetesOptions {
  /**
   * Role in Vault.
   *
   * @example "agents"
   */
  role: string;
  /**
   * File that holds the token of the service account; read at each login.
   *
   * @default "/var/run/secrets/kubernetes.io/serviceaccount/token"
   */
  tokenFile?: string | undefined;
  /**
   * Mount path of the auth method.
   *
   * @default "kubernetes"
   */
  mount?: string | undefined;
}
