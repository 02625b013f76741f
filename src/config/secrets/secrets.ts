/** Follows the secret references of one configuration. */
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
import { Environment, Files } from "./local-places.ts";
import type { SecretPlace } from "./place.ts";
import { parseReference, type SecretReference, type SecretScheme } from "./reference.ts";
import { Vault } from "./vault.ts";

/**
 * The secrets of a store: each document is read once at the start, and again in the background while the store runs,
 * however many options refer to it. A text that stands in the configuration itself costs nothing.
 */
export class Secrets implements Resource {
  readonly #options: SecretsOptions;
  readonly #events: Events;
  readonly #places: Readonly<Record<SecretScheme, SecretPlace>>;
  /** By the reference of the document. */
  readonly #documents = new Map<string, SecretDocument>();
  /** What is read, by option. */
  readonly #used: { readonly option: string; readonly reference: SecretReference; readonly document: SecretDocument }[] = [];

  constructor(options: SecretsOptions, events: Events, env: NodeJS.ProcessEnv = process.env) {
    this.#options = options;
    this.#events = events;
    this.#places = {
      env: new Environment(env),
      file: new Files(),
      "aws-sm": new AwsSecretsManager(options.aws),
      vault: new Vault(options.vault, env),
      "azure-kv": new AzureKeyVault(options.azure),
    };
  }

  /**
   * The text of a credential; it is read at {@link start}.
   *
   * @param option - where the credential stands, for messages: "qdrant.apiKey"
   */
  text(source: CredentialSource, option: string): SecretText {
    if (source instanceof Secret) return fixedSecret(source);
    const document = this.#use(source, option);
    const { field } = source;
    document.use(field);
    return {
      isChanging: this.#places[source.scheme].isChanging,
      current: () => document.field(field),
      async latest() {
        await document.look();
        return document.field(field);
      },
      refused: (secret) => document.other(field, secret),
    };
  }

  /**
   * Follows a text now: to the secret where it is a reference, and else to itself. What is returned does not change with
   * the secret; {@link reread} and another call give its text of later.
   *
   * @param option - where the text stands, for messages: "cql.tls.key"
   * @throws {StoreError} naming option and reference, and why it could not be read
   */
  async follow(text: string, option: string): Promise<string> {
    const reference = parseReference(text);
    if (reference === null) return text;
    const document = this.#use(reference, option);
    document.useOnce(reference.field);
    await startOne(document, option, reference);
    return document.field(reference.field).reveal();
  }

  /**
   * Reads all of them.
   *
   * @throws {StoreError} that names each option whose secret could not be read, its reference, and why
   */
  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.#used.map(({ document, option, reference }) => startOne(document, option, reference)),
    );
    const [first, ...others] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as StoreError] : []));
    if (first === undefined) return;
    if (others.length === 0) throw first;
    // Each option its line; the kind is that of the first.
    const lines = [...new Set([first, ...others].map(messageOf))].join("\n");
    throw again(first, lines);
  }

  /** Reads the documents again whose texts were followed. Does not throw: the last good text stays where that fails, which is told. */
  async reread(): Promise<void> {
    const followed = [...this.#documents.values()].filter((document) => document.isTakenOnce);
    await Promise.all(followed.map((document) => document.reread()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#documents.values()].map((document) => document.stop()));
    await Promise.all(Object.values(this.#places).map((place) => place.close()));
  }

  #use(reference: SecretReference, option: string): SecretDocument {
    const name = reference.documentReference;
    const document =
      this.#documents.get(name) ??
      new SecretDocument(reference, {
        place: this.#places[reference.scheme],
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
    throw again(error, `The secret of ${option}, ${String(reference)}, could not be read. ${messageOf(error)}`);
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

/** The same kind of error with another message. */
function again(error: unknown, message: string): StoreError {
  const Kind = KINDS.find((kind) => error instanceof kind) ?? QueryError;
  return new Kind(message, error instanceof Error ? { cause: error.cause } : {});
}
