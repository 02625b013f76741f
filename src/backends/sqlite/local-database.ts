import { ConfigurationError } from "../../model/errors.ts";
import { Connection, textOf, type Reader, type Writer } from "./connection.ts";
import { isStatementFailure, toFailure } from "./errors.ts";
import { FileIdentity } from "./file-identity.ts";
import { GenerationStore } from "./generation-store.ts";
import { ItemListing } from "./item-listing.ts";
import { ItemTable } from "./item-table.ts";
import { checkedVersion, migrate } from "./migrations.ts";
import { NamespaceTable } from "./namespace-table.ts";
import { OutboxTable } from "./outbox-table.ts";
import { needsSync, type CallName, type Calls, type OpenRequest, type Write, type WriteOutcome } from "./requests.ts";
import { MEMORY, prepareFile } from "./storage-path.ts";
import { Sweep } from "./sweep.ts";
import { ValueCache } from "./value-cache.ts";

/** Pages of 8 KiB hold five vectors of 384 numbers, or three of 512; pages of 4 KiB would be half empty. */
const PAGE_BYTES = 8192;
/** Page cache of a connection, in KiB. A process has three connections; the operating system caches the file, too. */
const CACHE_KIB = 32_768;

type Handlers = { readonly [N in CallName]: (request: Calls[N]["request"]) => Calls[N]["reply"] };

interface Tables {
  readonly connection: Connection;
  readonly namespaces: NamespaceTable;
  readonly items: ItemTable;
  readonly listing: ItemListing;
  readonly files: FileIdentity;
  readonly generations: GenerationStore;
  readonly sweep: Sweep;
  readonly outbox: OutboxTable;
  readonly findSetting: Reader;
  readonly addSetting: Writer;
  readonly replaceSetting: Writer;
  readonly removeSetting: Writer;
  readonly isDurable: boolean;
  readonly savepoint: Writer;
  readonly release: Writer;
  readonly rollback: Writer;
}

/** The file and its tables, on the thread where it is used. All calls are synchronous. */
export class LocalDatabase {
  #connection: Connection | null = null;
  #tables: Tables | null = null;
  #isSynced = true;

  readonly #handlers: Handlers = {
    open: (request) => this.#open(request),
    write: (writes) => this.#write(writes),
    get: (ids) => this.#opened().items.get(ids),
    list: (request) => this.#opened().listing.list(request),
    peek: (request) => this.#opened().items.peek(request),
    namespacesAfter: (query) => this.#opened().namespaces.page(query),
    scan: (request) => this.#opened().items.scan(request),
    listed: (places) => this.#opened().items.listed(places),
    sweep: (request) => this.#sweep(request),
    vectorsOf: ({ generation, ids }) => this.#opened().generations.vectors(generation).vectorsOf(ids),
    stored: ({ generation, ids }) => this.#opened().generations.vectors(generation).stored(ids),
    hasGeneration: ({ generation, dims }) => this.#opened().generations.exists(generation, dims),
    dropGeneration: ({ generation }) => this.#opened().generations.drop(generation),
    rank: (request) => this.#opened().generations.search(request.index).rank(request),
    points: (request) => this.#opened().generations.scan(request.generation).scan(request),
    expired: (request) => this.#opened().generations.scan(request.generation).expired(request),
    due: ({ now, limit }) => this.#opened().outbox.due(now, limit),
    backlog: ({ bound }) => this.#opened().outbox.backlog(bound),
    setting: ({ name }) => readSetting(this.#opened(), name),
    close: () => this.#close(),
  };

  /** Answers one call; throws what SQLite throws. */
  answer<N extends CallName>(name: N, request: Calls[N]["request"]): Calls[N]["reply"] {
    const reply = this.#handlers[name](request);
    // After the call, so that no write to a deleted file is acknowledged.
    this.#tables?.files.verify();
    return reply;
  }

  /** May be called again after SQLITE_BUSY, and then begins with a new connection. */
  #open(request: OpenRequest): null {
    this.#close();
    if (request.path !== MEMORY) prepareFile(request.path);
    this.#connection = new Connection(request.path);
    try {
      this.#tables = openTables(this.#connection, request);
    } catch (error) {
      this.#close();
      throw error;
    }
    return null;
  }

  #opened(): Tables {
    if (this.#tables === null) throw new TypeError("the database was not opened");
    return this.#tables;
  }

  /** Commits writes together. Savepoints, which let a failing write fail alone, are made only where one has failed. */
  #write(writes: readonly Write[]): WriteOutcome[] {
    const tables = this.#opened();
    this.#setSynced(tables, writes.some(needsSync));
    try {
      return this.#commit(tables, () => writes.map((write): WriteOutcome => ({ value: apply(tables, write) })));
    } catch (error) {
      if (!isStatementFailure(toFailure(error))) throw error;
      return this.#commit(tables, () => writes.map((write) => applyAlone(tables, write)));
    }
  }

  #sweep(request: Calls["sweep"]["request"]): Calls["sweep"]["reply"] {
    const tables = this.#opened();
    try {
      return tables.sweep.run(request);
    } catch (error) {
      // The transaction was rolled back, and with it the counts of terms.
      tables.generations.forget();
      throw error;
    }
  }

  /** Sets whether the log is synced to the disk at commits. */
  #setSynced({ connection, isDurable }: Tables, isSyncedNow: boolean): void {
    if (!isDurable || isSyncedNow === this.#isSynced) return;
    connection.exec(`PRAGMA synchronous = ${isSyncedNow ? "FULL" : "NORMAL"}`);
    this.#isSynced = isSyncedNow;
  }

  #commit<T>(tables: Tables, work: () => T): T {
    try {
      return tables.connection.transaction("IMMEDIATE", () => {
        tables.namespaces.refresh();
        const result = work();
        tables.generations.flush();
        return result;
      });
    } catch (error) {
      tables.namespaces.forget();
      tables.generations.forget();
      throw error;
    }
  }

  #close(): null {
    this.#tables = null;
    this.#isSynced = true;
    this.#connection?.close();
    this.#connection = null;
    return null;
  }
}

/** Prepares a connection: its modes, the tables of this version, its statements. */
function openTables(connection: Connection, request: OpenRequest): Tables {
  const { path, durable } = request;
  // Before anything is changed: the journal mode of another program's database would stay changed.
  connection.transaction("DEFERRED", () => checkedVersion(connection, path));
  connection.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  const mode = connection.reader("PRAGMA journal_mode = WAL").first([])?.[0];
  if (mode !== "wal" && path !== MEMORY) {
    throw new ConfigurationError(
      `path: the file system of ${path} does not support SQLite's write-ahead log (journal mode ${String(mode)}): use a disk of this ` +
        "machine; a network file system does not work.",
    );
  }
  // FULL syncs the log at each commit, so that a write survives a loss of power as well; commits are shared.
  connection.exec(`PRAGMA synchronous = ${durable ? "FULL" : "OFF"}`);
  // On macOS a plain sync leaves data in the cache of the drive.
  if (durable) connection.exec("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
  // Overwrites deleted and replaced content in the file.
  connection.reader("PRAGMA secure_delete = ON").first([]);
  connection.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY`);
  migrate(connection, path);
  return createTables(connection, request);
}

function createTables(connection: Connection, { path, durable, vectorCacheBytes }: OpenRequest): Tables {
  const namespaces = new NamespaceTable(connection);
  const values = new ValueCache(connection);
  const generations = new GenerationStore(connection, namespaces, { path, vectorCacheBytes }, values);
  return {
    connection,
    files: new FileIdentity(path),
    namespaces,
    items: new ItemTable(connection, namespaces),
    listing: new ItemListing(connection, values),
    generations,
    sweep: new Sweep(connection, generations),
    outbox: new OutboxTable(connection),
    findSetting: connection.reader("SELECT CAST(value AS BLOB) FROM settings WHERE name = ?"),
    addSetting: connection.writer("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"),
    replaceSetting: connection.writer(
      "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    ),
    removeSetting: connection.writer("DELETE FROM settings WHERE name = ?"),
    isDurable: durable,
    savepoint: connection.writer("SAVEPOINT one"),
    release: connection.writer("RELEASE one"),
    rollback: connection.writer("ROLLBACK TO one"),
  };
}

/** Applies one write of many; if its statement fails, only this write is undone. */
function applyAlone(tables: Tables, write: Write): WriteOutcome {
  tables.savepoint([]);
  try {
    const value = apply(tables, write);
    tables.generations.flush();
    tables.release([]);
    return { value };
  } catch (error) {
    const failure = toFailure(error);
    if (!isStatementFailure(failure)) throw error;
    tables.rollback([]);
    tables.release([]);
    tables.namespaces.forget();
    tables.generations.forget();
    return { failure };
  }
}

function apply(tables: Tables, write: Write): string | null {
  switch (write.kind) {
    case "put":
      tables.items.put(write);
      return null;
    case "mark":
      tables.namespaces.markUnscored(tables.namespaces.register(write.namespace));
      return null;
    case "clear-mark":
      tables.namespaces.clearMark(write.namespace, write.now);
      return null;
    case "unregister":
      tables.namespaces.remove(write.namespace);
      return null;
    case "upsert":
      tables.generations.vectors(write.generation).upsert(write);
      return null;
    case "remove":
      tables.generations.vectors(write.generation).remove(write);
      return null;
    case "create-generation":
      tables.generations.create(write.generation);
      return null;
    case "add-batch":
      tables.outbox.add(write);
      return null;
    case "remove-batch":
      tables.outbox.remove(write);
      return null;
    case "establish":
      tables.addSetting([write.name, write.value]);
      return readSetting(tables, write.name);
    case "replace-setting":
      tables.replaceSetting([write.name, write.value]);
      return null;
    case "exchange-setting":
      return exchangeSetting(tables, write);
  }
}

/** Returns the name of the setting; null where it did not have the expected value. Within a transaction that locks the file. */
function exchangeSetting(tables: Tables, { name, expected, value }: Extract<Write, { readonly kind: "exchange-setting" }>): string | null {
  if (readSetting(tables, name) !== expected) return null;
  if (value === null) tables.removeSetting([name]);
  else tables.replaceSetting([name, value]);
  return name;
}

function readSetting({ findSetting }: Tables, name: string): string | null {
  const value = findSetting.first([name])?.[0];
  return value === undefined ? null : textOf(value);
}
