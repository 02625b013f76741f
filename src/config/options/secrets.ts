/** Options of credentials, and of the places where they are kept. */
import { z } from "zod";
import { messageOf } from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";
import { parseReference, SecretReference } from "../secrets/reference.ts";
import { besideMistakes, count, mustBe } from "./field-types.ts";
import { example, secret } from "./meta.ts";

/** A credential as it is given: its text, a reference to it, or either of them already read. */
type CredentialInput = string | Secret | SecretReference;

/** A credential as it is configured: known, or kept somewhere. */
export type CredentialSource = Secret | SecretReference;

const given = z.custom<CredentialInput>(
  (value) =>
    (typeof value === "string" && value !== "") ||
    (value instanceof Secret && value.reveal() !== "") ||
    value instanceof SecretReference,
  mustBe(
    "be text that is not empty, or a reference such as env://NAME, file:///path, aws-sm://name#field, " +
      "vault://mount/path#field or azure-kv://vault-name/secret",
  ),
);

/** Text that nothing prints once it is read, or a reference to it. */
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
  // A file or a variable can only hold it as text.
  .meta({ type: "string", ...secret, ...example("env://NAME") });

/** A credential by which secrets are read: it cannot be kept in such a place itself. */
const firstCredential = credential.superRefine((source, context) => {
  if (source instanceof Secret || source.scheme === "env" || source.scheme === "file") return;
  const message = "opens the place where secrets are kept, so it must be text, env://NAME or file:///path";
  context.addIssue({ code: "custom", message });
});

const appRole = z
  .strictObject({
    roleId: firstCredential.describe("Id of the role: text, env://NAME or file:///path.").meta(example("env://VAULT_ROLE_ID")),
    secretId: firstCredential
      .describe("Secret id of the role: text, env://NAME or file:///path.")
      .meta(example("file:///run/secrets/vault-secret-id")),
    mount: z.string().min(1).default("approle").describe("Where the login method is mounted."),
  })
  .describe("Logs in to Vault as an application.");

const kubernetes = z
  .strictObject({
    role: z.string().min(1).describe("Role in Vault.").meta(example("agents")),
    tokenFile: z
      .string()
      .min(1)
      .default("/var/run/secrets/kubernetes.io/serviceaccount/token")
      .describe("File of the service account's token; read at each login."),
    mount: z.string().min(1).default("kubernetes").describe("Where the login method is mounted."),
  })
  .describe("Logs in to Vault as a Kubernetes service account.");

const vault = z
  .strictObject({
    address: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe("Address of Vault or OpenBao; by default VAULT_ADDR.")
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
      .describe("File with the certificates of the authorities to trust; by default VAULT_CACERT, or those of Node.js.")
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
    region: z.string().min(1).optional().describe("Region; by default that of the secret's ARN, or the SDK's own (AWS_REGION, …).").meta(example("eu-central-1")),
    endpoint: z.url({ protocol: /^https?$/ }).optional().describe("Address of the service, in the place of the region's.").meta(example("https://secretsmanager.eu-central-1.amazonaws.com")),
  })
  .prefault({})
  .describe("AWS Secrets Manager, for aws-sm://name#field. Credentials come from where the AWS SDK looks for them.");

const azure = z
  .strictObject({
    domain: z
      .string()
      .min(1)
      .default("vault.azure.net")
      .describe("Domain of the vaults; that of a sovereign cloud is another one."),
    endpoint: z.url({ protocol: /^https$/ }).optional().describe("Address of all vaults, in the place of https://<vault-name>.<domain>.").meta(example("https://vault.internal")),
    authorityHost: z.url({ protocol: /^https$/ }).optional().describe("Address that gives out tokens; by default AZURE_AUTHORITY_HOST, or Azure's.").meta(example("https://login.microsoftonline.us")),
  })
  .prefault({})
  .describe("Azure Key Vault, for azure-kv://vault-name/secret. Credentials come from where DefaultAzureCredential looks for them.");

/** How secret references are followed. */
export const secrets = z
  .strictObject({
    lifetimeMs: count
      .max(2_000_000_000)
      .default(300_000)
      .describe("A secret that was read is used for so long, in milliseconds; then it is read again, in the background."),
    timeoutMs: count.default(5_000).describe("Longest time for reading a secret, in milliseconds."),
    vault,
    aws,
    azure,
  })
  .prefault({})
  .describe("How secret references (env://, file://, aws-sm://, vault://, azure-kv://) are followed.");

/** The options in force, defaults filled in. */
export type SecretsOptions = z.output<typeof secrets>;
/** Options of Vault. */
export type VaultOptions = SecretsOptions["vault"];
/** Options of AWS Secrets Manager. */
export type AwsOptions = SecretsOptions["aws"];
/** Options of Azure Key Vault. */
export type AzureOptions = SecretsOptions["azure"];
