/** Runs statements, and turns what goes wrong into the store's own errors. */
import { setTimeout as pause } from "node:timers/promises";
import type { Client, Host, QueryOptions, types } from "cassandra-driver";
import type { Deadline } from "../../concurrency/deadline.ts";
import { AuthenticationError, ClosedError, UnavailableError, type StoreError } from "../../model/errors.ts";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import type { CqlNode } from "../../ports/telemetry.ts";
import { connect, dataCentersOf, type Connected } from "./client.ts";
import { mayChange } from "./credentials.ts";
import { profilesFor, type Purpose } from "./driver-options.ts";
import { toStoreError } from "./errors.ts";
import type { CqlOptions } from "./options.ts";
import { PageBudget } from "./page-budget.ts";

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A value bound to a statement. */
export type Param = string | number | boolean | Buffer | Date | readonly string[] | readonly number[];

/** A statement with the values bound to it. */
export interface Statement {
  readonly query: string;
  readonly params: readonly Param[];
  /** The key of its partition, as the protocol has it, where the driver cannot tell: of a batch it cannot. */
  readonly partition?: Buffer;
}

/** Which page of a query is wanted. */
export interface PageRequest {
  /** The `next` of the page before; null starts at the first. */
  readonly after: string | null;
  /** Most rows of the page; null leaves it to the driver. */
  readonly size: number | null;
}

/** A page of rows. */
export interface RowPage {
  readonly rows: readonly Row[];
  /** Where the next page starts, as text that any connection to the cluster understands; null when there is none. */
  readonly next: string | null;
}

const AGREEMENT_DEADLINE_MS = 30_000;
const AGREEMENT_POLL_MS = 100;

/** The driver's own bound. */
const REQUESTS_PER_CONNECTION = 2_048;

const DOING: Readonly<Record<Purpose, string>> = {
  read: "A CQL read",
  write: "A CQL write",
  scan: "A CQL scan",
  schema: "A CQL schema change",
};

/** A connection to a cluster, made at `open` and given back at `close`. */
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

  /** Closes the connections, except those of a client that the caller gave. */
  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = null;
    await connected?.close();
  }

  /** All nodes, as the driver sees them; none while not connected. */
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

  /** Nodes of the data centre in use; of all, where nothing says which one is in use. */
  localHosts(): Host[] {
    const dataCenter = this.localDataCenter();
    return this.#client()
      .hosts.values()
      .filter((host) => dataCenter === null || host.datacenter === dataCenter);
  }

  /** Nodes of a data centre. */
  hostsOf(dataCenter: string): Host[] {
    return this.#client()
      .hosts.values()
      .filter((host) => host.datacenter === dataCenter);
  }

  /** The data centre in use, or null where a client was given whose cluster has several and no option names one. */
  localDataCenter(): string | null {
    if (this.#options.localDataCenter !== undefined) return this.#options.localDataCenter;
    const bundled = bundleDataCenter(this.#options, this.#client());
    if (bundled !== undefined) return bundled;
    const [only, ...others] = this.dataCenters();
    return only === undefined || others.length > 0 ? null : only;
  }

  /** The data centres of the cluster. */
  dataCenters(): string[] {
    return dataCentersOf(this.#client().hosts);
  }

  /**
   * Runs a prepared query and returns all of its rows, from all pages.
   *
   * @throws {StoreError} the error of an aborted read when too many pages in a row are empty: a read of less may do better
   */
  async rows(query: string, params: readonly Param[], purpose: "read" | "scan", deadline?: Deadline): Promise<readonly Row[]> {
    const first = await this.#execute({ query, params }, this.#profiles[purpose], purpose, deadline);
    let after = nextOf(first);
    if (after === null) return first.rows;
    const rows: Row[] = [...first.rows];
    const budget = this.pageBudget(purpose);
    budget.spend(rows.length);
    // Not the driver's own iterator: it stops at a page without rows, and ScyllaDB sends such pages before the end.
    while (after !== null) {
      const page = await this.page({ query, params }, { after, size: null }, purpose, deadline);
      for (const row of page.rows) rows.push(row);
      after = page.next;
      if (after !== null) budget.spend(page.rows.length);
    }
    return rows;
  }

  /** The budget of one read over many pages: half of what one request may take leaves time for a read of less. */
  pageBudget(purpose: "read" | "scan", fullPage?: number): PageBudget {
    return new PageBudget(DOING[purpose], (this.#profiles[purpose].readTimeout ?? Infinity) / 2, fullPage);
  }

  /** Runs a prepared query and returns one page of its rows; it may be empty although more follow. */
  async page(statement: Statement, { after, size }: PageRequest, purpose: "read" | "scan", deadline?: Deadline): Promise<RowPage> {
    const options: QueryOptions = {
      ...this.#profiles[purpose],
      ...(after === null ? {} : { pageState: after }),
      ...(size === null ? {} : { fetchSize: size }),
    };
    const page = await this.#execute(statement, options, purpose, deadline);
    return { rows: page.rows, next: nextOf(page) };
  }

  /** The token of a partition, by its key as the protocol has it. */
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
   * Changes the schema, and waits until all nodes know of it.
   *
   * Changes that several processes make at once are sent to one and the same node, which does them one after another:
   * two nodes of Cassandra 5 that create one table at the same time may give it two identities.
   */
  async changeSchema(query: string): Promise<void> {
    const [first] = this.#upHosts().sort((a, b) => (a.address < b.address ? -1 : 1));
    const pinned: QueryOptions = first === undefined ? {} : { host: first };
    await this.#execute({ query, params: [] }, { ...this.#profiles.schema, ...pinned }, "schema");
    await this.#agree(this.#client());
  }

  /**
   * Every node is asked for its own version. The driver's check asks one node what it has heard of the others, and was
   * seen to find them agreed before that node had heard of a change that another process made at another node.
   */
  async #agree(client: Client): Promise<void> {
    const deadline = Date.now() + AGREEMENT_DEADLINE_MS;
    while ((await this.#schemaVersions(client)).size !== 1) {
      if (Date.now() > deadline) {
        throw new UnavailableError(
          `The nodes did not agree on the schema within ${AGREEMENT_DEADLINE_MS / 1000} s; ` +
            '"nodetool describecluster" shows which one differs.',
        );
      }
      await pause(AGREEMENT_POLL_MS);
    }
  }

  /** A node that does not answer is left out: it learns of the change when it is back. */
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

  /** Sends a statement, unless its deadline is over, and nothing else: every read and write of the store comes by. */
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
      throw mayChange(credentials) ? passing(toStoreError(error, DOING[purpose])) : toStoreError(error, DOING[purpose]);
    }
  }

  #client(): Client {
    if (this.#connected === null) throw new ClosedError("The CQL backend is not started, or was stopped.");
    return this.#connected.client;
  }
}

/** Where the page after one starts; null where there is none. */
function nextOf({ pageState }: types.ResultSet): string | null {
  return pageState ?? null;
}

/** The data centre that a secure connect bundle leads to; the driver learns it when it connects. */
function bundleDataCenter({ cloud }: CqlOptions, client: Client): string | undefined {
  const { options } = client as { readonly options?: { readonly localDataCenter?: string } };
  return cloud === undefined ? undefined : options?.localDataCenter;
}

/** The session was let in once: where credentials are rotated, a refusal means that they are not the same everywhere yet. */
function passing(error: StoreError): StoreError {
  if (!(error instanceof AuthenticationError)) return error;
  return new AuthenticationError(error.message, { cause: error.cause, details: error.details, retryable: true });
}
