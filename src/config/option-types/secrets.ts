// Written by npm run docs:config from the schema of the configuration. Do not edit.
import type { SecretsVaultOptions } from "./secrets-vault.ts";

/** How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are followed. */
export interface SecretsOptions {
  /**
   * A secret that was read is used for so long, in milliseconds; then it is read again, in the background.
   *
   * @default 300000
   */
  lifetimeMs?: number | undefined;
  /**
   * Longest time for reading a secret, in milliseconds.
   *
   * @default 5000
   */
  timeoutMs?: number | undefined;
  /** HashiCorp Vault or OpenBao, for vault://mount/path#field (KV versions 1 and 2). */
  vault?: SecretsVaultOptions | undefined;
  /** AWS Secrets Manager, for aws-sm://name#field. Credentials come from where the AWS SDK looks for them. */
  aws?: SecretsAwsOptions | undefined;
  /** Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from where DefaultAzureCredential looks for them. */
  azure?: SecretsAzureOptions | undefined;
}

/** AWS Secrets Manager, for aws-sm://name#field. Credentials come from where the AWS SDK looks for them. */
export interface SecretsAwsOptions {
  /**
   * Region; by default that of the secret's ARN, or the SDK's own (AWS_REGION, …).
   *
   * @example "eu-central-1"
   */
  region?: string | undefined;
  /**
   * Address of the service, in the place of the region's.
   *
   * @example "https://secretsmanager.eu-central-1.amazonaws.com"
   */
  endpoint?: string | undefined;
}

/** Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from where DefaultAzureCredential looks for them. */
export interface SecretsAzureOptions {
  /**
   * Domain of the vaults; that of a sovereign cloud is another one.
   *
   * @default "vault.azure.net"
   */
  domain?: string | undefined;
  /**
   * Address of all vaults, in the place of https://<vault-name>.<domain>.
   *
   * @example "https://vault.internal"
   */
  endpoint?: string | undefined;
  /**
   * Address that gives out tokens; by default AZURE_AUTHORITY_HOST, or Azure's.
   *
   * @example "https://login.microsoftonline.us"
   */
  authorityHost?: string | undefined;
}
