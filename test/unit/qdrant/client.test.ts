/** Connections that Qdrant closes while they are idle, as it does after 5 s. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { QdrantClient } from "../../../src/backends/qdrant/client.ts";
import { silentLogger } from "../../../src/ports/logger.ts";

const ANSWER = JSON.stringify({ result: true, status: "ok" });

/** A server that answers the first `answers` requests of each connection, and closes the connection when the next one arrives. */
async function serverThatAnswers(answers: (connection: number) => number): Promise<{ url: string; requests: () => number }> {
  let [connections, requests] = [0, 0];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let left = answers((connections += 1));
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      // After a failure of the first request, the client also tries TLS.
      if (data.toString("latin1").startsWith("GET")) requests += 1;
      left -= 1;
      if (left < 0) socket.end();
      else socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

async function clientOf(url: string): Promise<QdrantClient> {
  const client = new QdrantClient({ url, collection: "c", requestTimeoutMs: 60_000, maxConnections: 1, layout: { m: 16 } } as never, silentLogger);
  await client.open();
  onTestFinished(() => client.close());
  return client;
}

const ask = (client: QdrantClient) => client.request("GET", "/collections", undefined, "list collections");

test("a request on a connection that is closed as the request is sent is sent again", async () => {
  const { url, requests } = await serverThatAnswers(() => 1);
  const client = await clientOf(url);
  expect(await ask(client)).toBe(true);
  expect(await ask(client)).toBe(true);
  expect(requests()).toBe(3);
});

test("it is sent again once", async () => {
  const { url, requests } = await serverThatAnswers((connection) => (connection === 1 ? 1 : 0));
  const client = await clientOf(url);
  expect(await ask(client)).toBe(true);
  await expect(ask(client)).rejects.toMatchObject({ code: "CONNECTION" });
  expect(requests()).toBe(3);
});

test("a request on a new connection is not sent again", async () => {
  const { url, requests } = await serverThatAnswers(() => 0);
  const client = await clientOf(url);
  await expect(ask(client)).rejects.toMatchObject({ code: "CONNECTION" });
  expect(requests()).toBe(1);
});
