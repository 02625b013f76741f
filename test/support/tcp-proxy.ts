import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** A TCP proxy in front of a server: what a network between them would be. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
  }

  /** Listens on `port` of 127.0.0.1 (0 takes a free one) and passes everything on to `target`. */
  static async start(target: { readonly host: string; readonly port: number }, port = 0): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((inbound) => {
      const outbound = connect(target);
      for (const [socket, other] of [[inbound, outbound], [outbound, inbound]] as const) {
        sockets.add(socket);
        // A broken connection on one side is a broken connection on the other.
        socket.on("error", () => other.destroy()).on("close", () => sockets.delete(socket)).pipe(other);
      }
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new TcpProxy(server, typeof address === "object" && address !== null ? address.port : port, sockets);
  }

  /** Stops listening and breaks every connection. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
