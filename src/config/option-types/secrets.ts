// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { SecretsVaultOptions } from "./secrets-vault.ts";

/** How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are resolved. */
export interface SecretsOptions {
  /**
   * Time after which a secret is read again in the background, in milliseconds.
   *
   * @default 300000
   */
  lifetimeMs?: number | undefined;
  /**
   * Timeout for reading a secret, in milliseconds.
   *
   * @default 5000
   */
  timeoutMs?: number | undefined;
  /** HashiCorp Vault or OpenBao, for vault://mount/path#field (KV versions 1 and 2). */
  vault?: SecretsVaultOptions | undefined;
  /** AWS Secrets Manager, for aws-sm://name#field. Credentials come from the default chain of the AWS SDK. */
  aws?: SecretsAwsOptions | undefined;
  /** Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from DefaultAzureCredential. */
  azure?: SecretsAzureOptions | undefined;
}

/** AWS Secrets Manager, for aws-sm://name#field. Credentials come from the default chain of the AWS SDK. */
export interface SecretsAwsOptions {
  /**
   * Region; by default the region of the secret's ARN, or that of the AWS SDK (AWS_REGION, …).
   *
   * @example "eu-central-1"
   */
  region?: string | undefined;
  /**
   * URL of the service, instead of that of the region.
   *
   * @example "https://secretsmanager.eu-central-1.amazonaws.com"
   */
  endpoint?: string | undefined;
}

/** Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from DefaultAzureCredential. */
export interface SecretsAzureOptions {
  /**
   * Domain of the vaults; change it for a sovereign cloud.
   *
   * @default "vault.azure.net"
   */
  domain?: string | undefined;
  /**
   * URL of all vaults, instead of https://<vault-name>.<domain>.
   *
   * @example "https://vault.internal"
   */
  endpoint?: string | undefined;
  /**
   * URL of the authority that issues tokens; by default AZURE_AUTHORITY_HOST, or that of Azure.
   *
   * @example "https://login.microsoftonline.us"
   */
  authorityHost?: string | undefined;
}
