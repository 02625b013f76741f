/** What the errors of TLS mean, and what to do about them. */
import { AuthenticationError, ConnectionError, type StoreError } from "./errors.ts";

/** Whose options the advice names. */
export type TlsService = "cql" | "qdrant";

/** What is wrong, for programs. */
type Fault =
  | "untrusted"
  | "expired"
  | "not-yet-valid"
  | "other-name"
  | "client-certificate-missing"
  | "client-certificate-refused"
  | "handshake-refused"
  | "version"
  | "no-tls";

/** The faults by the codes of Node.js and OpenSSL, whose names change a little between versions. */
const FAULTS: readonly (readonly [RegExp, Fault])[] = [
  [/^CERT_HAS_EXPIRED$/, "expired"],
  [/^CERT_NOT_YET_VALID$/, "not-yet-valid"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/, "other-name"],
  [
    /SELF_SIGNED_CERT|^UNABLE_TO_(?:VERIFY|GET_ISSUER)|^CERT_(?:UNTRUSTED|REJECTED|SIGNATURE_FAILURE|REVOKED)$/,
    "untrusted",
  ],
  [/^CERT_CHAIN_TOO_LONG$|^INVALID_(?:CA|PURPOSE)$/, "untrusted"],
  [/ALERT_CERTIFICATE_REQUIRED$/, "client-certificate-missing"],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN))$/,
    "client-certificate-refused",
  ],
  [/ALERT_PROTOCOL_VERSION$|UNSUPPORTED_(?:PROTOCOL|SSL_VERSION)$|VERSION_TOO_LOW$|NO_PROTOCOLS_AVAILABLE$/, "version"],
  // Among others what a Java server sends of a client certificate that it does not trust.
  [/^ERR_SSL_.*ALERT_/, "handshake-refused"],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE)$/, "no-tls"],
];

/** Faults that the other side may mend by itself: the same call may then succeed. */
const PASSING: ReadonlySet<Fault> = new Set(["expired", "not-yet-valid"]);

/** Faults in how the two speak, not in who they are. */
const OF_SPEECH: ReadonlySet<Fault> = new Set(["version", "no-tls"]);

/**
 * The error of the store's family for a connection that TLS prevented; null when that is not what went wrong.
 *
 * @param doing - what was being done, to begin the message with: "Connecting to CQL"
 * @param host - address of the server, where it is known
 */
export function tlsErrorOf(error: unknown, doing: string, service: TlsService, host?: string): StoreError | null {
  const code = codeOf(error);
  const fault = FAULTS.find(([pattern]) => pattern.test(code))?.[1];
  if (fault === undefined) return null;
  const server = host === undefined ? "the server" : host;
  const options = {
    cause: error,
    details: { tls: fault, code, ...(host === undefined ? {} : { host }) },
    retryable: PASSING.has(fault),
  };
  const message = `${doing} failed: ${adviceOn(fault, service, server, error)}`;
  return OF_SPEECH.has(fault) ? new ConnectionError(message, options) : new AuthenticationError(message, options);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function adviceOn(fault: Fault, service: TlsService, server: string, error: unknown): string {
  const tls = `${service}.tls`;
  const own = `${tls}.cert and ${tls}.key`;
  switch (fault) {
    case "untrusted":
      return (
        `the certificate of ${server} is not signed by an authority that is trusted. Set ${tls}.ca to the certificate of ` +
        "the authority that signed it."
      );
    case "expired":
      return `the certificate of ${server}, or of its authority, has expired. Renew it on the server.`;
    case "not-yet-valid":
      return `the certificate of ${server} is not valid yet. Check the clocks of both machines.`;
    case "other-name":
      return `the certificate of ${server} is for another name${reasonOf(error)}. ${NAMES[service]}`;
    case "client-certificate-missing":
      return `${server} asks for a client certificate. Set ${own} to one that its authority signed.`;
    case "client-certificate-refused":
      return `${server} refused the client certificate. Set ${own} to a valid one that its authority signed.`;
    case "handshake-refused":
      return (
        `${server} broke off the TLS handshake${reasonOf(error)}. It may ask for a client certificate, or not accept the ` +
        `one that is given: set ${own} to one that its authority signed. Or it knows none of the ciphers of this Node.js.`
      );
    case "version":
      return (
        `${server} speaks no version of TLS that is allowed here, from ${tls}.minVersion (by default TLSv1.2) on. Enable ` +
        "TLS 1.2 or 1.3 on the server; older ones are not secure."
      );
    case "no-tls":
      return `${server} does not speak TLS on this port. ${PLAIN[service]}`;
  }
}

const NAMES: Readonly<Record<TlsService, string>> = {
  cql:
    "The certificate of each node must hold its address, or one of the names in cql.contactPoints; if all hold another " +
    "name, give it as cql.tls.serverName.",
  qdrant: "Use a name that it holds in qdrant.url, or give one as qdrant.tls.serverName.",
};

const PLAIN: Readonly<Record<TlsService, string>> = {
  cql: "Connect to its TLS port, or enable TLS on the server; without cql.tls nothing is encrypted.",
  qdrant: "Enable TLS on the server; with http:// in qdrant.url nothing is encrypted.",
};

function reasonOf(error: unknown): string {
  const reason = error instanceof Error && "reason" in error && typeof error.reason === "string" ? error.reason : "";
  return reason === "" ? "" : ` (${reason.replace(/[.:\s]+$/, "")})`;
}
