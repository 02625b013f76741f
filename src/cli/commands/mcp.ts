import { readFile } from "node:fs/promises";
import { ConfigurationError, messageOf } from "../../model/errors.ts";
import type * as McpEntry from "../../mcp/index.ts";
import { ScyllaDBStore } from "../../scylladb-store.ts";
import { wholeNumber } from "../arguments.ts";
import { command, type CommonFlags } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { loadStoreConfig, openStore, openedUnlessInterrupted } from "../open-store.ts";
import { note, type Terminal } from "../terminal.ts";

interface Flags {
  readonly root: string;
  readonly readOnly?: boolean;
  readonly http?: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly tokenFile?: string;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly maxSessions?: number;
  readonly idleMinutes?: number;
  readonly maxBodyBytes?: number;
}

/** Holds the bearer token where --token-file is not given: other users of the machine can read command lines. */
const TOKEN_VARIABLE = "MCP_BEARER_TOKEN";

const MS_PER_MINUTE = 60_000;

export const mcp = command<Flags>({
  name: "mcp",
  summary: "Serves the items below a prefix to MCP clients, over standard input and output or over HTTP.",
  details:
    "Needs the package @modelcontextprotocol/sdk. Creates the store if it is missing, unless --read-only is given. " +
    `HTTP requires a bearer token, from --token-file or the variable ${TOKEN_VARIABLE}.`,
  examples: [
    "mcp --root users/mia --path ./memory.db --embeddings local",
    "mcp --root users/mia --read-only",
    "mcp --root users/mia --http --port 3920 --token-file ./mcp-token",
  ],
  opensStore: true,
  changes: false,
  stopsAfterPart: true,
  define: (program) =>
    program
      .requiredOption("--root <labels>", 'labels of the prefix whose items are served, separated by "/": users/mia')
      .option("--read-only", "clients can search, get and list only")
      .option("--http", "serve over HTTP instead of standard input and output")
      .option("--host <address>", "address to listen on (default: 127.0.0.1)")
      .option("--port <number>", "port to listen on (default: 3920)", wholeNumber)
      .option("--token-file <file>", "file with the bearer token")
      .option("--allow-host <name>", "host name that clients use, besides those of loopback; may be repeated", collected)
      .option("--allow-origin <origin>", "origin of web pages that may send requests; may be repeated", collected)
      .option("--max-sessions <count>", "most HTTP sessions (default: 100)", wholeNumber)
      .option("--idle-minutes <minutes>", "minutes after which an HTTP session without requests is closed (default: 30)", wholeNumber)
      .option("--max-body-bytes <bytes>", "most bytes of an HTTP request (default: 1048576)", wholeNumber),
  async run({ terminal, flags }) {
    const root = rootOf(flags.root);
    const entry = await loadEntry();
    const store = await openedUnlessInterrupted(terminal, open(terminal, flags));
    try {
      const options = { store, root, readOnly: flags.readOnly === true };
      await (flags.http === true ? serveHttp(entry, options, terminal, flags) : serveStdio(entry, options, terminal));
      return EXIT.ok;
    } finally {
      await store.stop();
    }
  },
});

type ServerOptions = McpEntry.McpStoreOptions;

async function serveStdio(entry: typeof McpEntry, options: ServerOptions, { input, output, signal }: Terminal): Promise<void> {
  await entry.serveStdio(options, { input, output, signal });
}

async function serveHttp(entry: typeof McpEntry, options: ServerOptions, terminal: Terminal, flags: Flags): Promise<void> {
  const server = await entry.serveHttp(options, {
    token: await tokenOf(terminal, flags),
    allowedHosts: flags.allowHost ?? [],
    allowedOrigins: flags.allowOrigin ?? [],
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.maxSessions === undefined ? {} : { maxSessions: flags.maxSessions }),
    ...(flags.idleMinutes === undefined ? {} : { sessionIdleMs: flags.idleMinutes * MS_PER_MINUTE }),
    ...(flags.maxBodyBytes === undefined ? {} : { maxBodyBytes: flags.maxBodyBytes }),
  });
  note(terminal, `Serving ${options.root.join("/")} at ${server.url}. Stop with Ctrl-C.`);
  const { signal } = terminal;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await server.close();
}

/** An empty label is a variable without a value: it must not open what lies above. */
function rootOf(text: string): string[] {
  const labels = text.split("/");
  if (labels.every((label) => label !== "" && !label.includes("."))) return labels;
  throw new ConfigurationError(`--root must be labels separated by "/", none of them empty or with a period, such as users/mia, but got ${JSON.stringify(text)}.`);
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Unlike other commands, a server that writes creates its store: a client starts it, and has no step for that. */
async function open(terminal: Terminal, flags: Flags & CommonFlags): Promise<ScyllaDBStore> {
  if (flags.readOnly === true) return openStore(terminal, flags);
  const config = await loadStoreConfig(terminal, flags);
  return "cql" in config ? ScyllaDBStore.connect(config) : ScyllaDBStore.embedded(config);
}

async function tokenOf({ env }: Terminal, { tokenFile }: Flags): Promise<string> {
  if (tokenFile === undefined) {
    const token = env[TOKEN_VARIABLE];
    if (token !== undefined) return token;
    throw new ConfigurationError(`--http needs a bearer token: pass --token-file, or set ${TOKEN_VARIABLE}. Create one with: openssl rand -hex 32`);
  }
  try {
    return (await readFile(tokenFile, "utf8")).trim();
  } catch (cause) {
    throw new ConfigurationError(`--token-file cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function loadEntry(): Promise<typeof McpEntry> {
  try {
    return await import("../../mcp/index.ts");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ConfigurationError("The MCP server needs @modelcontextprotocol/sdk: npm install @modelcontextprotocol/sdk", { cause });
  }
}
