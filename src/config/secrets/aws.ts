/** Secrets in AWS Secrets Manager. */
import type { SecretsManagerClient, SecretsManagerClientConfig } from "@aws-sdk/client-secrets-manager";
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  messageOf,
  PermissionError,
  QueryError,
  UnavailableError,
  type StoreError,
} from "../../model/errors.ts";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { AwsOptions } from "../options/secrets.ts";
import { loadPackage } from "./load-package.ts";
import { bareCause, type SecretProvider } from "./provider.ts";
import type { SecretReference } from "./reference.ts";
import { isError } from "../../model/realms.ts";

/** Reads through the AWS SDK, which resolves credentials and region by its default chain. */
export class AwsSecretsManager implements SecretProvider {
  readonly name = "AWS Secrets Manager";
  readonly isChanging = true;
  readonly #options: AwsOptions;
  /** Clients by region; "" is the SDK's default region. */
  readonly #clients = new Map<string, SecretsManagerClient>();

  constructor(options: AwsOptions) {
    this.#options = options;
  }

  load(): Promise<unknown> {
    return loadPackage("@aws-sdk/client-secrets-manager");
  }

  async read({ document }: SecretReference, signal: AbortSignal): Promise<string> {
    const { GetSecretValueCommand, SecretsManagerClient } = await loadPackage("@aws-sdk/client-secrets-manager");
    const region = this.#options.region ?? regionOf(document);
    const client = this.#clients.get(region ?? "") ?? new SecretsManagerClient(this.#clientOptions(region));
    this.#clients.set(region ?? "", client);
    let text: string | undefined;
    try {
      const answer = await client.send(new GetSecretValueCommand({ SecretId: document }), { abortSignal: signal });
      text = answer.SecretString;
    } catch (error) {
      const failure = toStoreError(error, document);
      // The SDK caches credentials; a new client resolves them again.
      if (failure instanceof AuthenticationError) await this.close();
      throw failure;
    }
    if (text === undefined) throw new ConfigurationError(`The secret ${document} is binary: store it as a SecretString.`);
    return text;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  #clientOptions(region: string | undefined): SecretsManagerClientConfig {
    const { endpoint } = this.#options;
    return {
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      requestHandler: { httpsAgent: { ...VERIFIED_TLS, keepAlive: true } },
    };
  }
}

/** The region of an ARN: `arn:aws:secretsmanager:eu-west-1:…`. */
function regionOf(document: string): string | undefined {
  return /^arn:[^:]+:secretsmanager:([^:]+):/.exec(document)?.[1];
}

type Kind = new (message: string, options: { readonly cause: Error }) => StoreError;

const KINDS: Readonly<Record<string, readonly [kind: Kind, what: string]>> = {
  ResourceNotFoundException: [ConfigurationError, "AWS Secrets Manager has no such secret in this region"],
  InvalidRequestException: [ConfigurationError, "AWS Secrets Manager cannot return this secret"],
  InvalidParameterException: [ConfigurationError, "AWS Secrets Manager cannot return this secret"],
  AccessDeniedException: [PermissionError, "AWS denied access: allow secretsmanager:GetSecretValue on the secret"],
  AccessDenied: [PermissionError, "AWS denied access: allow secretsmanager:GetSecretValue on the secret"],
  DecryptionFailure: [PermissionError, "AWS denied access: allow kms:Decrypt on the secret's key"],
  CredentialsProviderError: [AuthenticationError, "The AWS SDK found no credentials"],
  TokenProviderError: [AuthenticationError, "The AWS SDK found no credentials"],
  UnrecognizedClientException: [AuthenticationError, "AWS rejected the credentials"],
  InvalidClientTokenId: [AuthenticationError, "AWS rejected the credentials"],
  InvalidSignatureException: [AuthenticationError, "AWS rejected the credentials"],
  SignatureDoesNotMatch: [AuthenticationError, "AWS rejected the credentials"],
  IncompleteSignature: [AuthenticationError, "AWS rejected the credentials"],
  MissingAuthenticationTokenException: [AuthenticationError, "AWS rejected the credentials"],
  ExpiredTokenException: [AuthenticationError, "The AWS credentials have expired"],
  ExpiredToken: [AuthenticationError, "The AWS credentials have expired"],
  RequestExpired: [AuthenticationError, "AWS rejected the request because its time differs too much: check the clock"],
};

function toStoreError(error: unknown, document: string): StoreError {
  const cause = bareCause(error);
  const known = KINDS[cause.name];
  if (known !== undefined) return new known[0](`${known[1]}: ${messageOf(error)}`, { cause });
  if (/region is missing/i.test(cause.message)) {
    return new ConfigurationError("The AWS region is unknown: set secrets.aws.region or AWS_REGION.", { cause });
  }
  // Without the parser's message, which quotes the text; it may be the secret.
  if (isError(error) && error.name === "SyntaxError") return new UnavailableError("AWS Secrets Manager returned an answer that is not valid JSON.");
  const status = statusOf(error);
  if (status === undefined) return new ConnectionError(`AWS Secrets Manager is unreachable: ${cause.message}`, { cause });
  const what = `AWS Secrets Manager could not return ${document}: ${cause.name}: ${cause.message} (HTTP ${status})`;
  if (status === 429 || status >= 500 || /Throttl|TooManyRequests/.test(cause.name)) return new UnavailableError(what, { cause });
  return new QueryError(what, { cause });
}

/** The HTTP status of the answer; undefined without one. */
function statusOf(error: unknown): number | undefined {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
