/** The CQL backend: records and settings in a keyspace of ScyllaDB, Cassandra or another server that speaks CQL. */
import type { AuditArchive, AuditSink } from "../../ports/audit.ts";
import type { Diagnosable, Finding } from "../../ports/diagnosis.ts";
import type { Resource } from "../../ports/backend.ts";
import type { ItemRepository } from "../../ports/item-repository.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Partitions } from "../../ports/partitions.ts";
import type { SchemaReader, SchemaStatus } from "../../ports/schema.ts";
import type { Settings } from "../../ports/settings.ts";
import type { CqlNode } from "../../ports/telemetry.ts";
import { AuditTableArchive } from "./audit-archive.ts";
import { AuditTable } from "./audit-table.ts";
import { diagnoseCql } from "./diagnosis.ts";
import { CqlItemRepository } from "./item-repository.ts";
import { LAYOUT_LEASE_MS, LayoutLease } from "./layouts.ts";
import { NamespaceRegistry } from "./namespace-registry.ts";
import { checkOptions, type CqlOptions, type SetupMode } from "./options.ts";
import { CqlOutbox } from "./outbox.ts";
import { CqlPartitions } from "./rebucket.ts";
import { readSchemaStatus, schemaStatements, setUpSchema, type SchemaParts } from "./schema.ts";
import { CqlSession } from "./session.ts";
import { CqlSettings } from "./settings.ts";
import { type Statements, statementsFor } from "./statements.ts";

export type { CqlOptions, SetupMode } from "./options.ts";

/** Dependencies of the backend. */
export interface CqlBackendDependencies {
  readonly setup: SetupMode;
  readonly logger: Logger;
  /**
   * Whether to compare the version of each record with the timestamp of its cell.
   * @default false
   */
  readonly checksVersions?: boolean;
  /**
   * Current time, milliseconds since the epoch.
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * Longest use of the layout of the partitions without reading it again, milliseconds; equal in all processes.
   * @default LAYOUT_LEASE_MS
   */
  readonly leaseMs?: number;
}

/** Records and settings in one keyspace. */
export class CqlBackend implements Resource, SchemaReader, Diagnosable {
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly partitions: Partitions;
  readonly #options: CqlOptions;
  readonly #dependencies: CqlBackendDependencies;
  readonly #session: CqlSession;
  readonly #statements: Statements;
  readonly #layouts: LayoutLease;

  /** @throws {ConfigurationError} when an option is invalid; no connection is opened yet. */
  constructor(options: CqlOptions, dependencies: CqlBackendDependencies) {
    this.#options = checkOptions(options);
    this.#dependencies = dependencies;
    this.#session = new CqlSession(options, dependencies.logger);
    this.#statements = statementsFor(options.keyspace, dependencies.checksVersions);
    // A closure instead of Date.now itself, which tests replace.
    const now = dependencies.now ?? (() => Date.now());
    const parts = { session: this.#session, statements: this.#statements, now };
    const registry = new NamespaceRegistry(parts);
    this.settings = new CqlSettings(parts);
    const { logger, leaseMs = LAYOUT_LEASE_MS } = dependencies;
    this.#layouts = new LayoutLease(this.settings, options.buckets ?? [], logger, leaseMs);
    this.outbox = new CqlOutbox({ ...parts, uptime: () => performance.now() });
    this.items = new CqlItemRepository({ ...parts, layouts: this.#layouts, registry });
    this.partitions = new CqlPartitions({ ...parts, settings: this.settings, layouts: this.#layouts, registry, leaseMs });
  }

  /** Connects, creates or verifies the schema, and verifies that the stored items follow the bucket rules. */
  async start(): Promise<void> {
    await this.#session.open();
    await setUpSchema(this.#schemaParts(), this.#dependencies.setup);
    await this.#layouts.start();
  }

  async schemaStatus(): Promise<SchemaStatus> {
    await this.#session.open();
    return readSchemaStatus(this.#schemaParts());
  }

  schemaStatements(): Promise<readonly string[]> {
    return schemaStatements(this.#schemaParts(), this.#options.localDataCenter);
  }

  diagnose(): Promise<Finding[]> {
    const { keyspace, tls } = this.#options;
    return diagnoseCql({ session: this.#session, keyspace, settings: this.settings, usesTls: tls !== undefined });
  }

  /** The nodes of the cluster; empty while not connected. */
  nodes(): CqlNode[] {
    return this.#session.nodes();
  }

  /** Returns the audit sink of this keyspace. */
  auditTable(retentionDays: number): AuditSink {
    return new AuditTable({ session: this.#session, statements: this.#statements, retentionDays });
  }

  /** Returns the audit entries of this keyspace, of all processes that wrote some. */
  auditArchive(): AuditArchive {
    return new AuditTableArchive(this.#session, this.#statements);
  }

  #schemaParts(): SchemaParts {
    const { keyspace, replication } = this.#options;
    return { session: this.#session, statements: this.#statements, keyspace, replication, logger: this.#dependencies.logger };
  }

  /** Closes its connections, unless the caller provided the client. */
  async stop(): Promise<void> {
    this.#layouts.stop();
    await this.#session.close();
  }
}
