import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { installPostgres } from "./postgres-install.ts";
import type { SystemUser } from "./watcher-protocol.ts";

const run = promisify(execFile);
const PROBE_DEADLINE_MS = 10_000;
const INITDB_DEADLINE_MS = 120_000;

/** The database's own superuser, and the database that initdb makes. */
const SUPERUSER = "postgres";
const DATABASE = "postgres";

/** Options of {@link startPostgres}; every one has a default. */
export interface PostgresOptions {
  /** Default: a free port. */
  readonly port?: number;
  /** How long one start may take in milliseconds. Default: 120 s. */
  readonly startDeadlineMs?: number;
  /** Environment in which Python and the cache are found. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives a message about a download. Default: standard error. */
  readonly log?: (line: string) => void;
}

interface Place {
  /** Folder of `postgres`, `initdb` and `pg_isready`. */
  readonly bin: string;
  /** Everything that this server writes lies in here. */
  readonly folder: string;
  readonly port: number;
  /** Who it runs as where that is not this process's own user. */
  readonly user: SystemUser | undefined;
}

/**
 * A Postgres server with pgvector of this process, on 127.0.0.1, with its data in a temporary folder. Its settings are
 * Postgres's defaults, without authentication. `pause()` freezes the process that takes new connections and not
 * those that serve the ones there are.
 */
export class LocalPostgres extends LocalServer {
  readonly port: number;
  /** For the superuser, for example "postgresql://postgres@127.0.0.1:20333/postgres". */
  readonly connectionString: string;
  readonly #place: Place;

  /** Used by {@link startPostgres}. */
  constructor(place: Place, startDeadlineMs: number | undefined) {
    const { bin, folder, port, user } = place;
    const address = `127.0.0.1:${port}`;
    const options = settings({ listen_addresses: "127.0.0.1", port, unix_socket_directories: "" });
    super({
      command: {
        name: `Postgres at ${address}`,
        file: join(bin, "postgres"),
        args: ["-D", dataFolder(folder), ...options],
        folder,
        logFile: join(folder, "server.log"),
        // Takes the server's other processes along and frees the shared memory; SIGKILL would do neither.
        killSignal: "SIGQUIT",
        ...(user === undefined ? {} : { user }),
      },
      dataFolder: dataFolder(folder),
      ready: () => isReady(place),
      ...(startDeadlineMs === undefined ? {} : { startDeadlineMs }),
    });
    this.port = port;
    this.connectionString = `postgresql://${SUPERUSER}@${address}/${DATABASE}`;
    this.#place = place;
  }

  /** Starts the server, after making an empty database where there is none yet. */
  override async start(): Promise<void> {
    if (!existsSync(join(dataFolder(this.folder), "PG_VERSION"))) await initialise(this.#place);
    await super.start();
  }
}

/**
 * Starts a Postgres with pgvector of its own, and waits until it answers: some 3 s, and a download of 11 MB before it
 * the first time. Postgres refuses to run as root; where this process is root's, it runs as "nobody", from a copy of
 * its programs, since root's cache is closed to others as a rule.
 *
 * @throws Error that says what to install, or with the server's log when it does not start
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<LocalPostgres> {
  const { env = process.env, log = (line: string) => process.stderr.write(`${line}\n`) } = options;
  const installed = await installPostgres(env, log);
  const user = await userToRunAs();
  const port = options.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "postgres-"));
  const whole = join(installed, "..", "..");
  const copy = join(folder, "programs");
  const programs = user === undefined ? installed : join(copy, relative(whole, installed));
  const server = new LocalPostgres({ bin: join(programs, "bin"), folder, port, user }, options.startDeadlineMs);
  try {
    if (user !== undefined) {
      await cp(whole, copy, { recursive: true });
      await chown(folder, user.uid, user.gid);
    }
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Returns undefined where this process's own user will do. */
async function userToRunAs(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (option: string): Promise<number> => Number((await run("id", [option, "nobody"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

function dataFolder(folder: string): string {
  return join(folder, "data");
}

function settings(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

// The C locale, so that the machine's own does not decide whether a prefix search can use an index; in this one it can.
async function initialise({ bin, folder, user }: Place): Promise<void> {
  const data = dataFolder(folder);
  await rm(data, { recursive: true, force: true });
  const args = ["-D", data, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
  try {
    await run(join(bin, "initdb"), args, { cwd: folder, timeout: INITDB_DEADLINE_MS, ...user });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const closed = code === "EACCES" && user !== undefined;
    const hint = closed ? ` (the folders above must be open to user ${user.uid}, who it runs as)` : "";
    throw new Error(`Postgres could not make its folder ${data}: ${message}${hint}`, { cause: error });
  }
}

async function isReady({ bin, port, user }: Place): Promise<boolean> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "-d", DATABASE];
  try {
    await run(join(bin, "pg_isready"), args, { timeout: PROBE_DEADLINE_MS, ...user });
    return true;
  } catch {
    // Not listening yet, or still recovering: either way "not now", and the caller's deadline counts.
    return false;
  }
}
