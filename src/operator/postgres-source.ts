/** Reads the items of LangGraph's PostgresStore from its table, of the JavaScript package or of the Python package. */
import { setTimeout as pause } from "node:timers/promises";
import { ConfigurationError, ConnectionError, isStoreError, messageOf, PermissionError, QueryError, SchemaError, type StoreError } from "../model/errors.ts";
import type { RequestLimits } from "../model/request.ts";
import type { SourceItem } from "./source-item.ts";
import { sourceItem, type ForeignItem } from "./import-source.ts";
import { sentenceOf } from "./interruption.ts";
import { importAtRunTime } from "../model/optional-import.ts";
import { isDate } from "../model/realms.ts";

/** What is used of the client of the package `pg`. */
interface PgClient {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
}

type Row = Readonly<Record<string, unknown>>;

/** How a package keeps its items. */
interface Layout {
  readonly path: string;
  readonly separator: string;
  readonly ttl: string | null;
}

const PAGE = 500;
const PAGE_BYTES = 16 * 1024 * 1024;
const MS_PER_MINUTE = 60_000;

/** Time in which a connection opens, a page arrives, and the connection closes. */
const CONNECT_MS = 10_000;
const QUERY_MS = 60_000;
const CLOSE_MS = 2_000;

/** Whether a source is the address of a Postgres database. */
export function isPostgresUrl(source: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(source);
}

/**
 * Yields the items of the table `store` in the order of its key: one that exists during the entire read appears once.
 *
 * @param url - the address; its parameter `schema` names another schema than `public`
 */
export async function* itemsOfPostgres(url: string, prefix: readonly string[], limits: RequestLimits): AsyncGenerator<SourceItem, void, undefined> {
  const { connectionString, schema } = addressOf(url);
  const client = await connect(connectionString);
  let line = 0;
  try {
    const layout = await layoutOf(client, schema);
    const { path, separator, ttl } = layout;
    const columns = [`${path} AS path`, "key", "value", "created_at", "updated_at", "expires_at", ...(ttl === null ? [] : [`${ttl} AS ttl`])].join(", ");
    const query = pageQuery(`${quoted(schema)}.store`, path, columns);
    let [after, key] = ["", ""];
    for (;;) {
      const { rows } = await client.query(query, [after, key]);
      for (const row of rows) {
        [after, key] = [String(row["path"]), String(row["key"])];
        const namespace = after.split(separator);
        if (!prefix.every((label, i) => namespace[i] === label)) continue;
        line += 1;
        yield sourceItem(line, foreignItem(row, namespace), limits);
      }
      if (rows.length === 0) return;
    }
  } catch (error) {
    throw isStoreError(error) ? error : unreadable(error, line);
  } finally {
    // A server that is away may not confirm the end.
    await Promise.race([client.end(), pause(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** Returns the query of a page: at most {@link PAGE} items, and no further one after {@link PAGE_BYTES} of values. */
function pageQuery(table: string, path: string, columns: string): string {
  const order = `ORDER BY ${path}, key`;
  const sizes = `SELECT *, sum(octet_length(value::text)) OVER (${order}) - octet_length(value::text) AS bytes_before FROM ${table}`;
  return `SELECT ${columns} FROM (${sizes} WHERE (${path}, key) > ($1, $2) ${order} LIMIT ${PAGE}) page WHERE bytes_before <= ${PAGE_BYTES} ${order}`;
}

/** Returns the error of a read that failed. SQLSTATE 57P is a server that shuts down, 08 a connection that failed, and 42501 a missing right. */
function unreadable(cause: unknown, line: number): StoreError {
  const { code } = cause as { readonly code?: unknown };
  const state = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
  const text = `Postgres failed after item ${line}: ${sentenceOf(cause)}`;
  if (state === "42501") return new PermissionError(`${text} Grant the role SELECT on the table "store".`, { cause });
  if (state === null || state.startsWith("57P") || state.startsWith("08")) return new ConnectionError(text, { cause });
  return new QueryError(text, { cause });
}

function foreignItem(row: Row, namespace: readonly string[]): ForeignItem {
  const expiresAt = isDate(row["expires_at"]) ? row["expires_at"].getTime() : null;
  const minutes = row["ttl"];
  const ttlMs = typeof minutes === "number" && expiresAt !== null ? minutes * MS_PER_MINUTE : null;
  return {
    namespace,
    key: String(row["key"]),
    value: row["value"],
    createdAt: isDate(row["created_at"]) ? row["created_at"] : null,
    updatedAt: isDate(row["updated_at"]) ? row["updated_at"] : null,
    expiry: { expiresAt, ttlMs },
  };
}

function addressOf(text: string): { readonly connectionString: string; readonly schema: string } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Without the text, which may hold a password.
    throw new ConfigurationError("The address of the Postgres database is no URL: use postgres://user:password@host:5432/database.");
  }
  const schema = url.searchParams.get("schema") ?? "public";
  url.searchParams.delete("schema");
  return { connectionString: url.href, schema };
}

async function connect(connectionString: string): Promise<PgClient> {
  let module: { readonly default: { readonly Client: new (options: object) => PgClient } };
  try {
    module = (await importAtRunTime("pg")) as typeof module;
  } catch (cause) {
    throw new ConfigurationError("The package pg, which reads Postgres, is not installed: npm install pg", { cause });
  }
  const client = new module.default.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS });
  // The query in flight or the next one fails likewise; without a listener, the event would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new ConnectionError(`Postgres cannot be reached: ${messageOf(cause)}`, { cause });
  }
  return client;
}

async function layoutOf(client: PgClient, schema: string): Promise<Layout> {
  const { rows } = await client.query("SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = 'store'", [schema]);
  const names = rows.map((row) => row["column_name"]);
  if (names.includes("namespace_path")) return { path: "namespace_path", separator: ":", ttl: null };
  if (names.includes("prefix")) return { path: "prefix", separator: ".", ttl: names.includes("ttl_minutes") ? "ttl_minutes" : null };
  throw new SchemaError(`The schema "${schema}" has no table "store" of a PostgresStore: add ?schema=<name> to the address if it is in another one.`);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
