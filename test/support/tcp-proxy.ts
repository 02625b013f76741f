import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";

/** A network fault. */
export type NetworkFault =
  /** A partition: no data passes and connections stay open; data arrives after the fault. */
  | { readonly kind: "partition" }
  /** Latency of responses or requests in milliseconds. */
  | { readonly kind: "latency"; readonly ms: number; readonly of?: "answers" | "requests" }
  /** A reset cuts one response in `every` midway. */
  | { readonly kind: "cut"; readonly every: number }
  /** Requests arrive, responses are lost. The connection is reset this many milliseconds after the first lost response. */
  | { readonly kind: "answers lost"; readonly resetAfterMs: number };

/** A TCP proxy in front of a server that simulates a network. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #network: Network;

  private constructor(server: Server, port: number, network: Network) {
    this.#server = server;
    this.port = port;
    this.#network = network;
  }

  /** Listens on `port` of 127.0.0.1 (0: a free port) and forwards everything to `target`. */
  static async start(target: { readonly host: string; readonly port: number }, port = 0): Promise<TcpProxy> {
    const network = new Network();
    const server = createServer({ allowHalfOpen: true }, (inbound) => {
      network.add(new Link(inbound, connect({ ...target, allowHalfOpen: true }), network));
    });
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return new TcpProxy(server, typeof address === "object" && address !== null ? address.port : port, network);
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#network.size;
  }

  /** Starts a fault, which replaces the previous one. */
  impose(fault: NetworkFault): void {
    this.#network.fault = fault;
  }

  /** Ends the fault. */
  heal(): void {
    this.#network.fault = null;
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#network.fault = null;
    this.#network.breakAll();
    await closed;
  }
}

/** The active fault and its connections. */
class Network {
  readonly #links = new Set<Link>();
  #fault: NetworkFault | null = null;
  #healed = Promise.withResolvers<void>();
  #answers = 0;

  get fault(): NetworkFault | null {
    return this.#fault;
  }

  set fault(fault: NetworkFault | null) {
    this.#fault = fault;
    if (fault?.kind === "partition") return;
    this.#healed.resolve();
    this.#healed = Promise.withResolvers();
  }

  get size(): number {
    return this.#links.size;
  }

  add(link: Link): void {
    this.#links.add(link);
    link.onBroken(() => this.#links.delete(link));
  }

  breakAll(): void {
    for (const link of this.#links) link.break();
  }

  /** Whether to cut the current response. */
  cutsNow(every: number): boolean {
    this.#answers += 1;
    return this.#answers % every === 0;
  }

  /** Resolves when no data is delayed. */
  async open(): Promise<void> {
    while (this.#fault?.kind === "partition") await this.#healed.promise;
  }
}

/** One connection: from the client to the proxy, and from there to the server. */
class Link {
  readonly #inbound: Socket;
  readonly #outbound: Socket;
  readonly #network: Network;
  #isDeaf = false;

  constructor(inbound: Socket, outbound: Socket, network: Network) {
    this.#inbound = inbound;
    this.#outbound = outbound;
    this.#network = network;
    this.#pass(inbound, outbound, (chunk) => this.#request(chunk));
    this.#pass(outbound, inbound, (chunk) => this.#answer(chunk));
  }

  onBroken(listener: () => void): void {
    this.#inbound.once("close", listener);
  }

  /** Closes both sockets. */
  break(): void {
    this.#inbound.destroy();
    this.#outbound.destroy();
  }

  /** Forwards data in order; `deliver` decides what and when. */
  #pass(from: Socket, to: Socket, deliver: (chunk: Buffer) => Promise<void>): void {
    let last = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      const delivery = deliver.bind(null, chunk);
      const arrived = this.#delay(from);
      last = last.then(() => arrived).then(delivery);
    });
    from.on("end", () => {
      last = last.then(() => this.#network.open()).then(() => void to.end());
    });
    // A closed connection on one side closes the other.
    from.on("error", () => to.destroy());
    from.on("close", (hadError) => {
      if (hadError) to.destroy();
    });
  }

  /** The delay starts now, so that data that arrives together is delivered together. */
  #delay(from: Socket): Promise<void> {
    const { fault } = this.#network;
    if (fault?.kind !== "latency") return Promise.resolve();
    const isLate = from === (fault.of === "requests" ? this.#inbound : this.#outbound);
    return isLate ? pause(fault.ms) : Promise.resolve();
  }

  async #request(chunk: Buffer): Promise<void> {
    await this.#network.open();
    await write(this.#outbound, chunk);
  }

  async #answer(chunk: Buffer): Promise<void> {
    await this.#network.open();
    const { fault } = this.#network;
    if (this.#isDeaf) return;
    if (fault?.kind === "answers lost") {
      this.#isDeaf = true;
      setTimeout(() => this.#reset(), fault.resetAfterMs);
      return;
    }
    if (fault?.kind === "cut" && this.#network.cutsNow(fault.every)) {
      await write(this.#inbound, chunk.subarray(0, Math.ceil(chunk.length / 2)));
      // After the first half is sent, because a reset overtakes unsent data.
      setImmediate(() => this.#reset());
      return;
    }
    await write(this.#inbound, chunk);
  }

  #reset(): void {
    this.#inbound.resetAndDestroy();
    this.#outbound.resetAndDestroy();
  }
}

/** Writes, and resolves when the socket accepts more data or is closed. */
async function write(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed || to.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off("drain", done).off("close", done);
      resolve();
    };
    to.on("drain", done).on("close", done);
  });
}
