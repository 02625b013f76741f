/** Finds out why a server closes connections without an answer. */
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ConnectionError, type StoreError } from "../../model/errors.ts";
import { tlsErrorOf } from "../../model/tls-fault.ts";
import type { Endpoint } from "./options.ts";

/** Time to wait for an alert after the handshake, milliseconds: with TLS 1.3, a missing client certificate is reported only then. */
const ALERT_DEADLINE_MS = 500;
const CONNECT_DEADLINE_MS = 2_000;

/**
 * Tries a TLS handshake and reads the alert, as `undici` reports only that the connection was closed.
 *
 * @returns the reason as an error; null when the handshake does not show one
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

/** Returns the error of an unencrypted request to a server that expects TLS. */
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
    // Without this the socket reads nothing, and the alert does not arrive.
    socket.resume();
  });
}
