/** Resolves the secret references of one configuration. */
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  messageOf,
  PermissionError,
  QueryError,
  TimeoutError,
  UnavailableError,
  type StoreError,
} from "../../model/errors.ts";
import { Secret } from "../../model/secret.ts";
import type { Resource } from "../../ports/backend.ts";
import type { Events } from "../../ports/events.ts";
import { fixedSecret, type SecretText } from "../../ports/secrets.ts";
import type { CredentialSource, SecretsOptions } from "../options/secrets.ts";
import { AwsSecretsManager } from "./aws.ts";
import { AzureKeyVault } from "./azure.ts";
import { SecretDocument } from "./document.ts";
import { Environment, Files } from "./local-providers.ts";
import type { SecretProvider } from "./provider.ts";
import { parseReference, type SecretReference, type SecretScheme } from "./reference.ts";
import { Vault } from "./vault.ts";
import { isError } from "../../model/realms.ts";

/**
 * The secrets of a store. Each document is read once at the start and refreshed in the background, regardless of how many
 * options refer to it.
 */
export class Secrets implements Resource {
  readonly #options: SecretsOptions;
  readonly #events: Events;
  readonly #providers: Readonly<Record<SecretScheme, SecretProvider>>;
  /** Documents by reference. */
  readonly #documents = new Map<string, SecretDocument>();
  /** Each use of a document by an option. */
  readonly #used: { readonly option: string; readonly reference: SecretReference; readonly document: SecretDocument }[] = [];

  constructor(options: SecretsOptions, events: Events, env: NodeJS.ProcessEnv = process.env) {
    this.#options = options;
    this.#events = events;
    this.#providers = {
      env: new Environment(env),
      file: new Files(),
      "aws-sm": new AwsSecretsManager(options.aws),
      vault: new Vault(options.vault, env),
      "azure-kv": new AzureKeyVault(options.azure),
    };
  }

  /**
   * Returns the text of a credential; {@link start} reads it.
   *
   * @param option - path of the option, for messages: "qdrant.apiKey"
   */
  text(source: CredentialSource, option: string): SecretText {
    if (source instanceof Secret) return fixedSecret(source);
    const document = this.#documentOf(source, option);
    const { field } = source;
    document.use(field);
    return {
      isChanging: this.#providers[source.scheme].isChanging,
      current: () => document.field(field),
      async latest() {
        await document.refreshBeforeUse();
        return document.field(field);
      },
      refused: (secret) => document.other(field, secret),
    };
  }

  /**
   * Resolves a text once: a reference to its secret, other text to itself. The result does not change with the secret; call
   * {@link reread} and resolve again for a newer text.
   *
   * @param option - path of the option, for messages: "cql.tls.key"
   * @throws {StoreError} naming option, reference and reason when the secret could not be read
   */
  async resolve(text: string, option: string): Promise<string> {
    const reference = parseReference(text);
    if (reference === null) return text;
    const document = this.#documentOf(reference, option);
    document.useOnce(reference.field);
    await startOne(document, option, reference);
    return document.field(reference.field).reveal();
  }

  /**
   * Reads all documents.
   *
   * @throws {StoreError} naming each option whose secret could not be read, with its reference and the reason
   */
  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.#used.map(({ document, option, reference }) => startOne(document, option, reference)),
    );
    const [first, ...others] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as StoreError] : []));
    if (first === undefined) return;
    if (others.length === 0) throw first;
    // One line per option; the class is that of the first error.
    const lines = [...new Set([first, ...others].map(messageOf))].join("\n");
    throw withMessage(first, lines);
  }

  /** Reads resolved documents again. Does not throw: after a failure the last valid text stays active and an event is emitted. */
  async reread(): Promise<void> {
    const resolved = [...this.#documents.values()].filter((document) => document.hasFieldsReadOnce);
    await Promise.all(resolved.map((document) => document.reread()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#documents.values()].map((document) => document.stop()));
    await Promise.all(Object.values(this.#providers).map((provider) => provider.close()));
  }

  #documentOf(reference: SecretReference, option: string): SecretDocument {
    const name = reference.documentReference;
    const document =
      this.#documents.get(name) ??
      new SecretDocument(reference, {
        provider: this.#providers[reference.scheme],
        events: this.#events,
        lifetimeMs: this.#options.lifetimeMs,
        timeoutMs: this.#options.timeoutMs,
      });
    this.#documents.set(name, document);
    const isRecorded = this.#used.some((use) => use.option === option && String(use.reference) === String(reference));
    if (!isRecorded) this.#used.push({ option, reference, document });
    return document;
  }
}

async function startOne(document: SecretDocument, option: string, reference: SecretReference): Promise<void> {
  try {
    await document.start(reference.field);
  } catch (error) {
    throw withMessage(error, `The secret of ${option}, ${String(reference)}, could not be read. ${messageOf(error)}`);
  }
}

const KINDS = [
  ConfigurationError,
  AuthenticationError,
  PermissionError,
  ConnectionError,
  UnavailableError,
  TimeoutError,
] as const;

/** Returns an error of the same class with another message. */
function withMessage(error: unknown, message: string): StoreError {
  const Kind = KINDS.find((kind) => error instanceof kind) ?? QueryError;
  return new Kind(message, isError(error) ? { cause: error.cause } : {});
}
