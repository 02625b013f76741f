/** Options of credentials and of the secret stores that hold them. */
import { z } from "zod";
import { messageOf } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";
import { parseReference, SecretReference } from "../secrets/reference.ts";
import { besideMistakes, count, must } from "./field-types.ts";
import { example, secret } from "./meta.ts";

/** A credential as configured: its text, a secret reference, or a parsed form of either. */
type CredentialInput = string | Secret | SecretReference;

/** A parsed credential: a secret or a reference to one. */
export type CredentialSource = Secret | SecretReference;

const given = z.custom<CredentialInput>(
  (value) =>
    (typeof value === "string" && value !== "") ||
    (value instanceof Secret && value.reveal() !== "") ||
    value instanceof SecretReference,
  must(
    "be text that is not empty, or a reference such as env://NAME, file:///path, aws-sm://name#field, " +
      "vault://mount/path#field or azure-kv://vault-name/secret",
  ),
);

/** A secret text, which is never printed once parsed, or a secret reference. */
export const credential = given
  .transform((value, context): CredentialSource => {
    if (typeof value !== "string") return value;
    try {
      return parseReference(value) ?? new Secret(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  })
  .describe("The text itself, or a secret reference.")
  // A file or an environment variable can only hold text.
  .meta({ type: "string", ...secret, ...example("env://NAME") });

/** A credential that opens a secret store; it cannot be a reference into such a store. */
const firstCredential = credential.superRefine((source, context) => {
  if (source instanceof Secret || source.scheme === "env" || source.scheme === "file") return;
  const message = "opens a secret store, so it must be text, env://NAME or file:///path";
  context.addIssue({ code: "custom", message });
});

const appRole = z
  .strictObject({
    roleId: firstCredential.describe("Id of the role: text, env://NAME or file:///path.").meta(example("env://VAULT_ROLE_ID")),
    secretId: firstCredential
      .describe("Secret id of the role: text, env://NAME or file:///path.")
      .meta(example("file:///run/secrets/vault-secret-id")),
    mount: z.string().min(1).default("approle").describe("Mount path of the auth method."),
  })
  .describe("Login to Vault by AppRole.");

const kubernetes = z
  .strictObject({
    role: z.string().min(1).describe("Role in Vault.").meta(example("agents")),
    tokenFile: z
      .string()
      .min(1)
      .default("/var/run/secrets/kubernetes.io/serviceaccount/token")
      .describe("File that holds the token of the service account; read at each login."),
    mount: z.string().min(1).default("kubernetes").describe("Mount path of the auth method."),
  })
  .describe("Login to Vault by a Kubernetes service account.");

const vault = z
  .strictObject({
    address: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("URL of Vault or OpenBao; by default VAULT_ADDR.")
      .meta(example("https://vault.internal:8200")),
    namespace: z.string().min(1).optional().describe("Namespace of Vault; by default VAULT_NAMESPACE.").meta(example("agents")),
    token: firstCredential
      .optional()
      .describe("Token: text, env://NAME or file:///path, read at each use; by default VAULT_TOKEN.")
      .meta(example("file:///run/secrets/vault-token")),
    appRole: appRole.optional(),
    kubernetes: kubernetes.optional(),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe("File with the certificates of trusted CAs; by default VAULT_CACERT, or those of Node.js.")
      .meta(example("/etc/ssl/vault-ca.pem")),
  })
  .superRefine(({ token, appRole, kubernetes }, context) => {
    if ([token, appRole, kubernetes].filter((each) => each !== undefined).length < 2) return;
    context.addIssue({ code: "custom", message: "must have one of token, appRole and kubernetes, not several" });
  }, besideMistakes)
  .prefault({})
  .describe("HashiCorp Vault or OpenBao, for vault://mount/path#field (KV versions 1 and 2).");

const aws = z
  .strictObject({
    region: z.string().min(1).optional().describe("Region; by default the region of the secret's ARN, or that of the AWS SDK (AWS_REGION, …).").meta(example("eu-central-1")),
    endpoint: z.url({ protocol: /^https?$/ }).optional().describe("URL of the service, instead of that of the region.").meta(example("https://secretsmanager.eu-central-1.amazonaws.com")),
  })
  .prefault({})
  .describe("AWS Secrets Manager, for aws-sm://name#field. Credentials come from the default chain of the AWS SDK.");

const azure = z
  .strictObject({
    domain: z
      .string()
      .min(1)
      .default("vault.azure.net")
      .describe("Domain of the vaults; change it for a sovereign cloud."),
    endpoint: z.url({ protocol: /^https$/ }).optional().describe("URL of all vaults, instead of https://<vault-name>.<domain>.").meta(example("https://vault.internal")),
    authorityHost: z.url({ protocol: /^https$/ }).optional().describe("URL of the authority that issues tokens; by default AZURE_AUTHORITY_HOST, or that of Azure.").meta(example("https://login.microsoftonline.us")),
  })
  .prefault({})
  .describe("Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from DefaultAzureCredential.");

/** How secret references are resolved. */
export const secrets = z
  .strictObject({
    lifetimeMs: count
      .max(2_000_000_000)
      .default(300_000)
      .describe("Time after which a secret is read again in the background, in milliseconds."),
    timeoutMs: count.default(5_000).describe("Timeout for reading a secret, in milliseconds."),
    vault,
    aws,
    azure,
  })
  .prefault({})
  .describe("How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are resolved.");

/** Parsed options with defaults. */
export type SecretsOptions = z.output<typeof secrets>;
/** Options of Vault. */
export type VaultOptions = SecretsOptions["vault"];
/** Options of AWS Secrets Manager. */
export type AwsOptions = SecretsOptions["aws"];
/** Options of Azure Key Vault. */
export type AzureOptions = SecretsOptions["azure"];
