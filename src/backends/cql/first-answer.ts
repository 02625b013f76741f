/**
 * Detects servers that close connections before their first answer, as servers that expect TLS do. The driver
 * (cassandra-driver 4.10) does not detect it and waits for 12 s.
 */
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { errors } from "cassandra-driver";
import { ConnectionError } from "../../model/errors.ts";
import type { CqlOptions } from "./options.ts";
import { hostOf } from "./tls.ts";
import { isError } from "../../model/realms.ts";

/** Time without a connection after which the servers are probed, milliseconds. */
const WAIT_MS = 1_000;
const ANSWER_DEADLINE_MS = 2_000;
const DEFAULT_PORT = 9042;

// Version 4, no flags, stream 0, opcode OPTIONS, no body: a request that needs no login.
const OPTIONS_REQUEST = Buffer.from([0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00]);

/**
 * Waits until the driver is connected, and fails early if the servers close connections.
 *
 * @param tls - null when connections are not encrypted
 * @throws {ConnectionError} as soon as servers are found to close connections without an answer
 */
export async function connectedUnlessClosed(
  connecting: Promise<void>,
  options: CqlOptions,
  tls: ConnectionOptions | null,
): Promise<void> {
  const waiting = new AbortController();
  const connected = connecting.finally(() => waiting.abort());
  const seenClosed = pause(WAIT_MS, undefined, { signal: waiting.signal }).then(
    () => refuseIfClosed(options, tls),
    // Connected or failed before the probe.
    () => undefined,
  );
  await Promise.race([connected, seenClosed.then(() => connected)]);
}

async function refuseIfClosed(options: CqlOptions, tls: ConnectionOptions | null): Promise<void> {
  const { contactPoints = [], port = DEFAULT_PORT } = options;
  const answers = await Promise.all(contactPoints.map((contactPoint) => firstAnswer(contactPoint, port, tls)));
  if (answers.includes("closed") && !answers.includes("answered")) throw closedError(contactPoints, tls);
}

/** Returns the error for a driver failure in which every server reset the connection; null for other failures. */
export function closedUnanswered(
  error: unknown,
  { contactPoints = [] }: CqlOptions,
  tls: ConnectionOptions | null,
): ConnectionError | null {
  if (!(error instanceof errors.NoHostAvailableError)) return null;
  const reasons: unknown[] = Object.values((error.innerErrors ?? {}) as Record<string, unknown>);
  const areResets = reasons.every((reason) => isError(reason) && "code" in reason && reason.code === "ECONNRESET");
  return reasons.length > 0 && areResets ? closedError(contactPoints, tls, error) : null;
}

function closedError(contactPoints: readonly string[], tls: ConnectionOptions | null, cause?: unknown): ConnectionError {
  return new ConnectionError(
    `Connecting to CQL failed: ${contactPoints.join(", ")} closed the connection before the first answer. ` +
      (tls === null
        ? "A server that expects TLS does so: set cql.tls ({} trusts the CAs that Node.js trusts)."
        : "If it does not use TLS on this port, use its TLS port; if it requires a client certificate, set cql.tls.cert " +
          "and cql.tls.key."),
    { cause, details: { hosts: contactPoints, tls: tls !== null } },
  );
}

/** Probes a contact point with an OPTIONS request. Never rejects. */
function firstAnswer(
  contactPoint: string,
  defaultPort: number,
  tls: ConnectionOptions | null,
): Promise<"answered" | "closed" | "none"> {
  const host = hostOf(contactPoint);
  const port = Number(/^(?:[^:]+|\[.*\]):(\d+)$/.exec(contactPoint)?.[1] ?? defaultPort);
  return new Promise((resolve) => {
    const socket = tls === null ? connect({ host, port }) : connectTls({ ...tls, host, port });
    socket.once(tls === null ? "connect" : "secureConnect", () => socket.write(OPTIONS_REQUEST));
    socket.once("data", () => {
      resolve("answered");
      socket.destroy();
    });
    socket.once("end", () => resolve("closed"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNRESET" ? "closed" : "none"));
    socket.once("close", () => resolve("none"));
    socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy());
  });
}
