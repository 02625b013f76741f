/** The network proxy of the fault tests. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TcpProxy } from "../support/tcp-proxy.ts";

let server: Server;
let proxy: TcpProxy;
let requests: string[];
const sockets: Socket[] = [];

beforeEach(async () => {
  requests = [];
  // Answers each request with the same text twice.
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      requests.push(chunk.toString());
      socket.write(`${chunk.toString()}${chunk.toString()}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await TcpProxy.start({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, "close");
});

/** A client with the data it has received and the end of its connection. */
async function client(): Promise<{ socket: Socket; received: () => string; error: () => string | null; isClosed: () => boolean }> {
  const socket = connect(proxy.port, "127.0.0.1");
  sockets.push(socket);
  let received = "";
  let error: string | null = null;
  socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
  socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message));
  await once(socket, "connect");
  return { socket, received: () => received, error: () => error, isClosed: () => socket.closed };
}

test("data and the end of a connection are forwarded both ways", async () => {
  const { socket, received } = await client();
  socket.write("tea");
  await expect.poll(received).toBe("teatea");
  socket.end();
  await once(socket, "close");
});

test("a partition delays everything, and data arrives after it is healed", async () => {
  const { socket, received, error } = await client();
  proxy.impose({ kind: "partition" });
  socket.write("tea");
  const other = await client();
  other.socket.write("iron");
  await expect.poll(() => socket.bytesWritten).toBe(3);
  await new Promise(setImmediate);
  expect(requests).toEqual([]);
  proxy.heal();
  await expect.poll(() => [received(), other.received()]).toEqual(["teatea", "ironiron"]);
  expect(error()).toBeNull();
});

test.each(["answers", "requests"] as const)("latency delays %s, concurrent ones together", async (of) => {
  proxy.impose({ kind: "latency", ms: 200, of });
  const { socket, received } = await client();
  const begun = performance.now();
  socket.write("a");
  socket.write("b");
  await expect.poll(() => received().length).toBe(4);
  expect(requests.join("")).toBe("ab");
  expect(performance.now() - begun).toBeGreaterThan(195);
});

test("a response is cut midway", async () => {
  proxy.impose({ kind: "cut", every: 2 });
  const { socket, received, isClosed } = await client();
  socket.write("whole");
  await expect.poll(received).toBe("wholewhole");
  socket.write("half");
  // Without the code: Node.js 22 reports a reset right after data as the end of the connection.
  await expect.poll(isClosed).toBe(true);
  expect(received()).toBe("wholewholehalf");
  expect(requests).toEqual(["whole", "half"]);
});

test("responses are lost after the request was delivered", async () => {
  proxy.impose({ kind: "answers lost", resetAfterMs: 50 });
  const { socket, received, error } = await client();
  socket.write("tea");
  await expect.poll(error).toBe("ECONNRESET");
  expect(requests).toEqual(["tea"]);
  expect(received()).toBe("");
  proxy.heal();
  const next = await client();
  next.socket.write("iron");
  await expect.poll(next.received).toBe("ironiron");
});
