/** What a runtime needs of its databases, whether they are servers or one local file. */
import { isPlainObject } from "../config/layers.ts";
import type { CommonConfig } from "../config/schema.ts";
import { identityOf } from "../core/model-identity.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { GenerationStorage } from "../sync/reindex.ts";
import type { AuditArchive, AuditSink } from "../ports/audit.ts";
import type { Backend, Resource } from "../ports/backend.ts";
import type { Diagnosable } from "../ports/diagnosis.ts";
import type { BreakerState } from "../ports/events.ts";
import type { Partitions } from "../ports/partitions.ts";
import type { Settings } from "../ports/settings.ts";
import type { CqlNode } from "../ports/telemetry.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { VectorCollection } from "../sync/rebuild.ts";
import type { GenerationWatch } from "./generation-watch.ts";
import type { Guards } from "./guards.ts";

/** Access to records, intents and vectors. */
export type DataPorts = Pick<Backend, "items" | "outbox"> & {
  /** One for each configured generation of the index: of `index`, and of `index.next`. Empty when the store has no index. */
  readonly vectors: readonly VectorIndex[];
};

/** The databases of one configuration, with the resilience wrappers and the telemetry that it asks for. */
export interface Databases extends Resource, Diagnosable {
  /** As the user gave it, checked and with defaults. */
  readonly config: CommonConfig;
  /** For calls of the application: with the time budgets of callers. */
  readonly callPorts: DataPorts;
  /** For the reconciler, repair and the sweeper: with time budgets that do not depend on `limits` of callers. */
  readonly maintenancePorts: DataPorts;
  /** Without resilience wrappers: for the health check. */
  readonly directPorts: DataPorts;
  /** Null where there is no circuit breaker. */
  readonly breakers: { readonly records: (() => BreakerState) | null; readonly vectors: (() => BreakerState) | null };
  readonly guards: Guards;
  /** Nodes of the CQL cluster; empty for a local file, and while not connected. */
  readonly nodes: () => readonly CqlNode[];
  /** The vector collection that may be lost while the records remain; null where they are stored together. */
  readonly collection: VectorCollection | null;
  readonly settings: Settings;
  /** Null for a local file, which has no partitions. */
  readonly partitions: Partitions | null;
  /** Identifies the store among the stores of one host; the same after a restart. */
  readonly identity: string;
  /** The audit trail in the database; null where none is configured. */
  readonly auditTable: AuditSink | null;
  /** The audit entries in the database, of all processes; null for a local file, which has none. */
  readonly auditArchive: AuditArchive | null;
  /** Resolves a secret reference, or returns plain text as it is; `option` is named in error messages. */
  readonly readSecret: (text: string, option: string) => Promise<string>;
  /**
   * Names of the options that differ from the previous configuration, such as `limits.deadlineMs`, and of those whose file or
   * secret has new content; empty for the first configuration of a store.
   */
  readonly changed: readonly string[];
  /**
   * Checks another configuration, as the user gave it, and returns the databases for it, not connected yet; unchanged
   * connections are shared. Null when nothing differs.
   *
   * @throws {ConfigurationError} that lists every mistake, or names what cannot change while the store runs.
   */
  createNext(given: unknown): Promise<Databases | null>;
  /** Which of the configured generations are used. */
  readonly generations: GenerationWatch;
  /** Where the generations are stored. */
  readonly generationStorage: GenerationStorage;
  /** Returns the language of the terms of the configured generation at this position, once started; null where it has none. */
  keywordLanguage(position: number): KeywordLanguage | null;
  /** Called when these become the current databases. */
  activate?(): void;
}

/** Refuses the configuration of a store of the other kind: a store cannot move between servers and a local file. */
export function checkKind(given: unknown, kind: "cql" | "path"): void {
  const other = kind === "cql" ? "path" : "cql";
  if (!isPlainObject(given) || given[other] === undefined) return;
  throw new ConfigurationError(
    `${other}: not allowed for a store that was created with ${kind}. A store on servers (cql) and one on a local file (path) ` +
      "are two stores: create a new store.",
  );
}

/** The configuration with the name of its embedding model, which may come from the embeddings object. */
export function withModelName<Config extends CommonConfig>(config: Config): Config {
  const { index } = config;
  if (index === undefined) return config;
  const next = index.next === undefined ? undefined : { ...index.next, model: identityOf(index.next).model };
  return { ...config, index: { ...index, model: identityOf(index).model, next } };
}
