/** Finds out what a server wants that closes connections without an answer. */
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ConnectionError, type StoreError } from "../../model/errors.ts";
import { tlsErrorOf } from "../../model/tls-fault.ts";
import type { Endpoint } from "./options.ts";

/** The alert of a server that misses a certificate comes after the handshake, by TLS 1.3; milliseconds. */
const ALERT_DEADLINE_MS = 500;
const CONNECT_DEADLINE_MS = 2_000;

/**
 * Tries a TLS handshake, of which `undici` was seen to report only that it ended, and reads the alert.
 *
 * @returns what is wrong; null when the handshake does not tell
 */
export async function whyClosed(
  { host, port, https }: Endpoint,
  tls: ConnectionOptions,
  doing: string,
): Promise<StoreError | null> {
  const address = `${host}:${port}`;
  const outcome = await handshake({ ...tls, host, port });
  if (https) return tlsErrorOf(outcome, doing, "qdrant", address);
  const fault = tlsErrorOf(outcome, doing, "qdrant", address);
  const speaksTls = outcome === "open" || (fault !== null && fault.details["tls"] !== "no-tls");
  return speaksTls ? expectsTls(doing, address) : null;
}

/** The error of a client that does not encrypt before a server that does. */
export function expectsTls(doing: string, address: string, cause?: unknown): StoreError {
  return new ConnectionError(`${doing} failed: ${address} expects TLS on this port. Write https:// in qdrant.url.`, {
    cause,
    details: { tls: "plain-client", host: address },
    retryable: false,
  });
}

function handshake(options: ConnectionOptions): Promise<Error | "open" | "closed"> {
  return new Promise((resolve) => {
    let isOpen = false;
    const socket: TLSSocket = connect(options, () => {
      isOpen = true;
      socket.setTimeout(ALERT_DEADLINE_MS);
    });
    socket.setTimeout(CONNECT_DEADLINE_MS);
    socket.once("timeout", () => socket.destroy());
    socket.once("error", resolve);
    socket.once("close", () => resolve(isOpen ? "open" : "closed"));
    // Nothing is read unless somebody listens, and no alert is seen then.
    socket.resume();
  });
}
