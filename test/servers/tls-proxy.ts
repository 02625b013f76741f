import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";
import type { KeyPair } from "./certificates.ts";

/** How a proxy shows itself to clients. */
export interface TlsProxyOptions extends KeyPair {
  /** Where what it decrypts goes: a server on 127.0.0.1. */
  readonly targetPort: number;
  /** Address and port. Default: 127.0.0.1 and a free port. */
  readonly host?: string;
  readonly port?: number;
  /** "old": speaks TLS 1.0 and 1.1 only. */
  readonly versions?: "current" | "old";
}

// OpenSSL signs nothing for the old versions at its usual level of security.
const OLD: TlsOptions = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };

/** A server's other front door: ends TLS with a certificate that a test chooses, and passes on what it decrypts. */
export class TlsProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #clients = 0;

  private constructor({ cert, key, targetPort, versions }: TlsProxyOptions) {
    this.#targetPort = targetPort;
    this.#server = createServer({ cert, key, ...(versions === "old" ? OLD : {}) }, (inbound) => this.#accept(inbound));
  }

  static async start(options: TlsProxyOptions): Promise<TlsProxy> {
    const proxy = new TlsProxy(options);
    proxy.#server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) return address.port;
    throw new Error("the proxy does not listen any more");
  }

  /** How many clients took its certificate and then sent something. */
  get clients(): number {
    return this.#clients;
  }

  /** Stops listening and breaks every connection. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(inbound: Socket): void {
    const outbound = connect(this.#targetPort, "127.0.0.1");
    inbound.once("data", () => (this.#clients += 1));
    for (const [from, to] of [[inbound, outbound], [outbound, inbound]] as const) {
      this.#sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => this.#sockets.delete(from));
      from.pipe(to);
    }
  }
}
