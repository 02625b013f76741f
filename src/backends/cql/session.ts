/** Runs statements, and translates errors to store errors. */
import { setTimeout as pause } from "node:timers/promises";
import { types, type Client, type Host, type QueryOptions } from "cassandra-driver";
import type { Deadline } from "../../concurrency/deadline.ts";
import { AuthenticationError, ClosedError, UnavailableError, type StoreError } from "../../model/errors.ts";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import type { CqlNode } from "../../ports/telemetry.ts";
import { connect, dataCentersOf, type Connected } from "./client.ts";
import { mayChange } from "./credentials.ts";
import { profilesFor, type Purpose, withQuorum } from "./driver-options.ts";
import { toStoreError } from "./errors.ts";
import type { CqlOptions } from "./options.ts";
import { PageBudget } from "./page-budget.ts";

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Purpose of a query. */
export type ReadPurpose = Exclude<Purpose, "write" | "schema">;

/** A value bound to a statement. */
export type Param = string | number | boolean | Buffer | Date | readonly string[] | readonly number[];

/** A statement with the values bound to it. */
export interface Statement {
  readonly query: string;
  readonly params: readonly Param[];
  /** The partition key in protocol encoding, if the driver cannot derive it, as for a batch. */
  readonly partition?: Buffer;
}

/** A page of a query. */
export interface PageRequest {
  /** The `next` of the previous page; null starts at the first. */
  readonly after: string | null;
  /** Most rows of the page; null uses the driver's default. */
  readonly size: number | null;
}

/** A page of rows. */
export interface RowPage {
  readonly rows: readonly Row[];
  /** Position of the next page, valid on any connection to the cluster; null when there is none. */
  readonly next: string | null;
}

const AGREEMENT_DEADLINE_MS = 30_000;
const AGREEMENT_POLL_MS = 100;

/** The default of the driver. */
const REQUESTS_PER_CONNECTION = 2_048;

const DOING: Readonly<Record<Purpose, string>> = {
  read: "A CQL read",
  write: "A CQL write",
  scan: "A CQL scan",
  copy: "Reading records to copy",
  settings: "Reading a setting",
  "settings-any": "Reading a setting from one replica",
  "settings-all": "Reading a setting from all replicas",
  schema: "A CQL schema change",
};

/** A session with a cluster, from `open` to `close`. */
export class CqlSession {
  readonly #options: CqlOptions;
  readonly #logger: Logger;
  readonly #profiles: Readonly<Record<Purpose, QueryOptions>>;
  #connected: Connected | null = null;

  constructor(options: CqlOptions, logger: Logger = silentLogger) {
    this.#options = options;
    this.#logger = logger;
    this.#profiles = profilesFor(options);
  }

  /** Connects. */
  async open(): Promise<void> {
    this.#connected ??= await connect(this.#options, this.#logger);
  }

  /** Closes the connections, unless the caller provided the client. */
  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.close();
  }

  /** All nodes known to the driver; empty while not connected. */
  nodes(): CqlNode[] {
    const client = this.#connected?.client;
    if (client === undefined) return [];
    const state = client.getState();
    const most = this.#options.pooling?.maxRequestsPerConnection ?? REQUESTS_PER_CONNECTION;
    return client.hosts.values().map((host) => ({
      name: host.address,
      isUp: host.isUp(),
      connections: state.getOpenConnections(host),
      inFlight: state.getInFlightQueries(host),
      capacity: state.getOpenConnections(host) * most,
    }));
  }

  /** Nodes of the local data center, or of all data centers if the local one is unknown. */
  localHosts(): Host[] {
    const dataCenter = this.localDataCenter();
    return this.#client()
      .hosts.values()
      .filter((host) => dataCenter === null || host.datacenter === dataCenter);
  }

  /** Nodes of a data center. */
  hostsOf(dataCenter: string): Host[] {
    return this.#client()
      .hosts.values()
      .filter((host) => host.datacenter === dataCenter);
  }

  /** The local data center; null if the caller's client has several and no option names one. */
  localDataCenter(): string | null {
    if (this.#options.localDataCenter !== undefined) return this.#options.localDataCenter;
    const bundled = bundleDataCenter(this.#options, this.#client());
    if (bundled !== undefined) return bundled;
    const [only, ...others] = this.dataCenters();
    return only === undefined || others.length > 0 ? null : only;
  }

  /** The data centers of the cluster. */
  dataCenters(): string[] {
    return dataCentersOf(this.#client().hosts);
  }

  /**
   * Runs a prepared query and returns all of its rows, from all pages.
   *
   * @throws {StoreError} the error of an aborted read when too many pages in a row are empty; a smaller read may succeed
   */
  async rows(query: string, params: readonly Param[], purpose: ReadPurpose, deadline?: Deadline): Promise<readonly Row[]> {
    const first = await this.#execute({ query, params }, this.#profiles[purpose], purpose, deadline);
    let after = nextOf(first);
    if (after === null) return first.rows;
    const rows: Row[] = [...first.rows];
    const budget = this.pageBudget(purpose);
    budget.spend(rows.length);
    // Not the driver's iterator, which stops at an empty page; ScyllaDB sends empty pages before the end.
    while (after !== null) {
      const page = await this.page({ query, params }, { after, size: null }, purpose, deadline);
      for (const row of page.rows) rows.push(row);
      after = page.next;
      if (after !== null) budget.spend(page.rows.length);
    }
    return rows;
  }

  /** Returns the budget of a read over many pages: half the timeout of a request, so that time remains for a smaller read. */
  pageBudget(purpose: ReadPurpose, fullPage?: number): PageBudget {
    return new PageBudget(DOING[purpose], (this.#profiles[purpose].readTimeout ?? Infinity) / 2, fullPage);
  }

  /** Runs a prepared query and returns one page of its rows; it may be empty although more follow. */
  async page(statement: Statement, { after, size }: PageRequest, purpose: ReadPurpose, deadline?: Deadline): Promise<RowPage> {
    const options: QueryOptions = {
      ...this.#profiles[purpose],
      ...(after === null ? {} : { pageState: after }),
      ...(size === null ? {} : { fetchSize: size }),
    };
    const page = await this.#execute(statement, options, purpose, deadline);
    return { rows: page.rows, next: nextOf(page) };
  }

  /** Returns the token of a partition by its key in protocol encoding. */
  tokenOf(partitionKey: Buffer): bigint {
    return BigInt(String(this.#client().metadata.newToken(partitionKey).getValue()));
  }

  /** Runs a prepared write. */
  async write(statement: Statement, deadline?: Deadline): Promise<void> {
    const { write } = this.#profiles;
    const { partition } = statement;
    await this.#execute(statement, partition === undefined ? write : { ...write, routingKey: partition }, "write", deadline);
  }

  /**
   * Runs a prepared conditional write (a lightweight transaction) and returns whether it was applied. Never retried: a second
   * attempt could find the outcome of the first. In several data centers every one of them has a quorum of the new value, so
   * that a later read in any of them returns it.
   */
  async writeIf(statement: Statement): Promise<boolean> {
    const { write, schema } = this.#profiles;
    const everywhere = this.dataCenters().length > 1 ? { consistency: types.consistencies.eachQuorum } : {};
    const options = { ...withQuorum(write), ...everywhere, isIdempotent: false, readTimeout: schema.readTimeout, serialConsistency: types.consistencies.serial };
    const { rows } = await this.#execute(statement, options, "write");
    return rows[0]?.["[applied]"] === true;
  }

  /**
   * Changes the schema, and waits until all nodes agree on it.
   *
   * Concurrent changes of several processes go to the same node, which executes them sequentially: two nodes of Cassandra 5
   * that create a table at the same time may give it two ids.
   */
  async changeSchema(query: string): Promise<void> {
    const [first] = this.#upHosts().sort((a, b) => (a.address < b.address ? -1 : 1));
    const pinned: QueryOptions = first === undefined ? {} : { host: first };
    await this.#execute({ query, params: [] }, { ...this.#profiles.schema, ...pinned }, "schema");
    await this.#agree(this.#client());
  }

  /**
   * Reads the schema version of every node. The driver's check reads what one node knows of the others, and can succeed
   * before that node knows of a change by another process on another node.
   */
  async #agree(client: Client): Promise<void> {
    const deadline = Date.now() + AGREEMENT_DEADLINE_MS;
    while ((await this.#schemaVersions(client)).size !== 1) {
      if (Date.now() > deadline) {
        throw new UnavailableError(
          `The nodes did not agree on the schema within ${AGREEMENT_DEADLINE_MS / 1000} s; ` +
            '"nodetool describecluster" lists the versions.',
        );
      }
      await pause(AGREEMENT_POLL_MS);
    }
  }

  /** Ignores nodes that do not answer: they receive the change when they are back. */
  async #schemaVersions(client: Client): Promise<Set<string>> {
    const query = "SELECT schema_version FROM system.local WHERE key = 'local'";
    const answers = await Promise.allSettled(
      this.#upHosts().map((host) => client.execute(query, [], { ...this.#profiles.schema, host })),
    );
    return new Set(
      answers.flatMap((answer) => (answer.status === "fulfilled" ? [String(answer.value.first().get(0))] : [])),
    );
  }

  #upHosts(): Host[] {
    return this.localHosts().filter((host) => host.isUp());
  }

  /** Sends a statement unless its deadline is over. Kept minimal, because every read and write passes here. */
  async #execute(
    { query, params }: Statement,
    options: QueryOptions,
    purpose: Purpose,
    deadline?: Deadline,
  ): Promise<types.ResultSet> {
    deadline?.throwIfOver(DOING[purpose]);
    const client = this.#client();
    try {
      return await client.execute(query, params as Param[], options);
    } catch (error) {
      const { credentials } = this.#options;
      throw mayChange(credentials) ? retryableLogin(toStoreError(error, DOING[purpose])) : toStoreError(error, DOING[purpose]);
    }
  }

  #client(): Client {
    if (this.#connected === null) throw new ClosedError("The CQL backend is not started or was stopped.");
    return this.#connected.client;
  }
}

/** Position of the next page; null when there is none. */
function nextOf({ pageState }: types.ResultSet): string | null {
  return pageState ?? null;
}

/** The data center of a secure connect bundle, which the driver reads when it connects. */
function bundleDataCenter({ cloud }: CqlOptions, client: Client): string | undefined {
  const { options } = client as { readonly options?: { readonly localDataCenter?: string } };
  return cloud === undefined ? undefined : options?.localDataCenter;
}

/** Returns a rejected login as a retryable error; others unchanged. */
function retryableLogin(error: StoreError): StoreError {
  if (!(error instanceof AuthenticationError)) return error;
  return new AuthenticationError(error.message, { cause: error.cause, details: error.details, retryable: true });
}
