/** The connection services of Astra DB: a metadata service, a proxy that selects the node by SNI, and a bundle with their addresses. */
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { crc32 } from "node:zlib";
import type { CertificateAuthority, KeyPair } from "./certificates.ts";

/** Where the cloud's doors are. */
export interface Cloud {
  readonly authority: CertificateAuthority;
  /** Certificate that clients show. */
  readonly client: KeyPair;
  /** `host:port` at which the nodes are reached. */
  readonly proxyAddress: string;
  readonly localDataCenter: string;
  /** Ids of the nodes. */
  readonly hostIds: readonly string[];
}

/** The metadata service of one database; asks for client certificates, as Astra DB's does. */
export class MetadataService implements AsyncDisposable {
  readonly #server: Server;
  readonly #cloud: Cloud;

  private constructor(server: Server, cloud: Cloud) {
    this.#server = server;
    this.#cloud = cloud;
  }

  static async start(cloud: Cloud): Promise<MetadataService> {
    const own = await cloud.authority.issue({ names: ["127.0.0.1", "localhost"] });
    const server = createServer({ ...own, ca: cloud.authority.cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      if (request.url !== "/metadata") return void response.writeHead(404).end();
      const contact_info = {
        type: "sni_proxy",
        local_dc: cloud.localDataCenter,
        contact_points: cloud.hostIds,
        sni_proxy_address: cloud.proxyAddress,
      };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ version: 1, contact_info }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new MetadataService(server, cloud);
  }

  /** Writes the bundle that leads here, for clients that trust an authority. */
  async writeBundle(path: string, trusted = this.#cloud.authority): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const { client } = this.#cloud;
    const config = { host: "localhost", port, keyspace: "unused", localDC: this.#cloud.localDataCenter };
    await writeFile(path, archive({ "config.json": JSON.stringify(config), "ca.crt": trusted.cert, cert: client.cert, key: client.key }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.closeAllConnections();
    this.#server.close();
    await closed;
  }
}

/** A zip archive whose files are stored as they are. */
function archive(files: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, content] = [Buffer.from(name), Buffer.from(text)];
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt32LE(crc32(content), 10);
    header.writeUInt32LE(content.length, 14);
    header.writeUInt32LE(content.length, 18);
    header.writeUInt16LE(path.length, 22);
    const file = Buffer.concat([Buffer.from("PK\u0003\u0004"), header, path, content]);
    // Without comment and attributes, on the first disk, and then where the file is.
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), header, place, path]));
    local.push(file);
    offset += file.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, central, Buffer.from("PK\u0005\u0006"), end]);
}
