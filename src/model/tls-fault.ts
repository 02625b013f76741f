/** Translates TLS errors to causes and advice. */
import { AuthenticationError, ConnectionError, type StoreError } from "./errors.ts";
import { isError } from "./realms.ts";

/** The service whose options the advice names. */
export type TlsService = "cql" | "qdrant";

/** Machine-readable causes. */
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

/** Causes by error codes of Node.js and OpenSSL, whose names vary between versions. */
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
  // For example, a Java server sends such an alert for an untrusted client certificate.
  [/^ERR_SSL_.*ALERT_/, "handshake-refused"],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE)$/, "no-tls"],
];

/** Transient causes: the same call may succeed later. */
const TRANSIENT: ReadonlySet<Fault> = new Set(["expired", "not-yet-valid"]);

/** Protocol mismatches, which are connection errors rather than authentication errors. */
const PROTOCOL_FAULTS: ReadonlySet<Fault> = new Set(["version", "no-tls"]);

/**
 * Returns the store error of a connection that failed because of TLS; null for other errors.
 *
 * @param doing - start of the message: "Connecting to CQL"
 * @param host - address of the server, if known
 */
export function tlsErrorOf(error: unknown, doing: string, service: TlsService, host?: string): StoreError | null {
  const code = codeOf(error);
  const fault = FAULTS.find(([pattern]) => pattern.test(code))?.[1];
  if (fault === undefined) return null;
  const server = host === undefined ? "the server" : host;
  const options = {
    cause: error,
    details: { tls: fault, code, ...(host === undefined ? {} : { host }) },
    retryable: TRANSIENT.has(fault),
  };
  const message = `${doing} failed: ${adviceOn(fault, service, server, error)}`;
  return PROTOCOL_FAULTS.has(fault) ? new ConnectionError(message, options) : new AuthenticationError(message, options);
}

function codeOf(error: unknown): string {
  return isError(error) && "code" in error && typeof error.code === "string" ? error.code : "";
}

function adviceOn(fault: Fault, service: TlsService, server: string, error: unknown): string {
  const tls = `${service}.tls`;
  const own = `${tls}.cert and ${tls}.key`;
  switch (fault) {
    case "untrusted":
      return (
        `the certificate of ${server} is not signed by a trusted CA. Set ${tls}.ca to the certificate of ` +
        "the CA that signed it."
      );
    case "expired":
      return `the certificate of ${server}, or of its CA, has expired. Renew it on the server.`;
    case "not-yet-valid":
      return `the certificate of ${server} is not valid yet. Check the clocks of both machines.`;
    case "other-name":
      return `the certificate of ${server} is for another host name${reasonOf(error)}. ${NAMES[service]}`;
    case "client-certificate-missing":
      return `${server} requires a client certificate. Set ${own} to one that its CA signed.`;
    case "client-certificate-refused":
      return `${server} rejected the client certificate. Set ${own} to a valid one that its CA signed.`;
    case "handshake-refused":
      return (
        `${server} aborted the TLS handshake${reasonOf(error)}. It may require a client certificate or reject the ` +
        `configured one: set ${own} to one that its CA signed. Or it supports no cipher of this Node.js.`
      );
    case "version":
      return (
        `${server} supports no TLS version from ${tls}.minVersion (by default TLSv1.2) on. Enable TLS 1.2 or 1.3 on the ` +
        "server; older versions are insecure."
      );
    case "no-tls":
      return `${server} does not use TLS on this port. ${PLAIN[service]}`;
  }
}

const NAMES: Readonly<Record<TlsService, string>> = {
  cql:
    "The certificate of each node must contain its address or a name in cql.contactPoints; if all contain another name, " +
    "set cql.tls.serverName to it.",
  qdrant: "Use a name of the certificate in qdrant.url, or set qdrant.tls.serverName to one.",
};

const PLAIN: Readonly<Record<TlsService, string>> = {
  cql: "Connect to its TLS port, or enable TLS on the server; remove cql.tls only for unencrypted connections.",
  qdrant: "Enable TLS on the server; use http:// in qdrant.url only for unencrypted connections.",
};

function reasonOf(error: unknown): string {
  const reason = isError(error) && "reason" in error && typeof error.reason === "string" ? error.reason : "";
  return reason === "" ? "" : ` (${reason.replace(/[.:\s]+$/, "")})`;
}
