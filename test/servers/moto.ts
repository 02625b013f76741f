/** moto, which serves AWS's own APIs, as a server of tests: Secrets Manager, and IAM, by which it lets in or not. */
import { once } from "node:events";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { cacheFolder, fillCacheFolder } from "./cache-folder.ts";
import { freePort } from "./free-port.ts";
import { LocalServer } from "./local-server.ts";
import { installPackages } from "./python-packages.ts";

const REQUIREMENTS = fileURLToPath(new URL("./moto-requirements.txt", import.meta.url));

/**
 * Makes sure that moto is in the cache, fetching it with pip (80 MB on disk) where it is absent or incomplete.
 *
 * @returns the folder of its packages
 */
async function installMoto(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const fingerprint = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const folder = cacheFolder(env, `moto-${fingerprint}`);
  await fillCacheFolder(folder, async (work) => {
    log(`Fetching moto (80 MB on disk, once) with pip into ${folder}`);
    const packages = join(work, "packages");
    await mkdir(packages);
    await installPackages(REQUIREMENTS, packages, env);
    return packages;
  });
  return folder;
}

/** An access key of AWS. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A moto of this process, with everything in memory. */
export class LocalMoto extends LocalServer {
  /** Base address of every service. */
  readonly endpoint: string;
  readonly region = "eu-central-1";
  readonly #front: Server;

  /** Used by {@link startMoto}. */
  constructor(packages: string, folder: string, port: number, front: Server) {
    const own = `http://127.0.0.1:${port}`;
    super({
      command: {
        name: `moto at ${own}`,
        file: "python3",
        // -S: what this machine adds to its Python has no part in it, and changes nothing in the cache.
        args: ["-S", "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
        env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" },
        folder,
        logFile: join(folder, "server.log"),
      },
      dataFolder: join(folder, "data"),
      ready: () => answers(own),
    });
    this.#front = front;
    this.endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  }

  override async stop(): Promise<void> {
    this.#front.closeAllConnections();
    this.#front.close();
    await super.stop();
  }

  /** Makes a user who may do what the actions say, and gives back the user's key. */
  async userWith(actions: readonly string[]): Promise<AccessKey> {
    const UserName = `user-${randomBytes(4).toString("hex")}`;
    await this.#iam({ Action: "CreateUser", UserName });
    if (actions.length > 0) {
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }],
      });
      await this.#iam({ Action: "PutUserPolicy", UserName, PolicyName: "own", PolicyDocument });
    }
    const answer = await this.#iam({ Action: "CreateAccessKey", UserName });
    return { accessKeyId: element(answer, "AccessKeyId"), secretAccessKey: element(answer, "SecretAccessKey") };
  }

  /** Checks keys and rights from now on, as AWS does; before, everything is allowed. */
  async checkRights(): Promise<void> {
    const response = await fetch(`${this.endpoint}/moto-api/reset-auth`, { method: "POST", body: "0" });
    if (!response.ok) throw new Error(`moto does not check rights: ${await response.text()}`);
  }

  async #iam(parameters: Readonly<Record<string, string>>): Promise<string> {
    const response = await fetch(this.endpoint, {
      method: "POST",
      // It derives the service from the scope of the signature, which is not verified yet.
      headers: { authorization: "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none" },
      body: new URLSearchParams({ ...parameters, Version: "2010-05-08" }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`moto refused ${parameters["Action"]}: ${text}`);
    return text;
  }
}

/** Starts a moto of its own for a test, and waits until it answers: a second or two. */
export async function startMoto(env: NodeJS.ProcessEnv = process.env): Promise<LocalMoto> {
  const packages = await installMoto(env, (line) => process.stderr.write(`${line}\n`));
  const folder = await mkdtemp(join(tmpdir(), "moto-"));
  await mkdir(join(folder, "data"));
  const port = await freePort();
  const moto = new LocalMoto(packages, folder, port, await startFront(port));
  try {
    await moto.start();
  } catch (error) {
    await moto.stop();
    throw error;
  }
  return moto;
}

/** What AWS calls moto's refusals in a service that speaks JSON. */
const REFUSALS: Readonly<Record<string, string>> = {
  AccessDenied: "AccessDeniedException",
  InvalidClientTokenId: "UnrecognizedClientException",
  SignatureDoesNotMatch: "InvalidSignatureException",
};

/**
 * A server in front of moto that passes everything on. moto words its refusals in XML, whatever the service; here they
 * are as AWS documents them for Secrets Manager.
 */
async function startFront(port: number): Promise<Server> {
  const server = createServer((request, response) => void pass(request, response, port));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function pass(request: IncomingMessage, response: ServerResponse, port: number): Promise<void> {
  const { method, url, headers } = request;
  // With the host of before, which is signed.
  const passed = ask({ host: "127.0.0.1", port, method, path: url, headers });
  passed.on("error", () => response.destroy());
  passed.on("response", (answer: IncomingMessage) => void answerWith(answer, "x-amz-target" in headers, response));
  passed.end(await buffer(request));
}

async function answerWith(answer: IncomingMessage, isJson: boolean, response: ServerResponse): Promise<void> {
  const body = (await buffer(answer)).toString();
  const status = answer.statusCode ?? 502;
  if (!isJson || !body.startsWith("<")) {
    response.writeHead(status, { "content-type": answer.headers["content-type"] ?? "text/plain" }).end(body);
    return;
  }
  const code = element(body, "Code");
  const refusal = { __type: REFUSALS[code] ?? code, Message: element(body, "Message") };
  response.writeHead(400, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(refusal));
}

function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  if (text === undefined) throw new Error(`moto's answer has no ${name}`);
  return text;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    // Not listening yet; the caller's deadline counts.
    return false;
  }
}
