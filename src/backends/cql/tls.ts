/** TLS of the driver, which by default verifies nothing. */
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";
import type { Client, ClientOptions } from "cassandra-driver";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { Logger } from "../../ports/logger.ts";
import type { CqlOptions } from "./options.ts";

/**
 * Returns the TLS options of each connection; null when connections are not encrypted.
 *
 * The driver connects to IP addresses: those of the contact points' names and those of discovered nodes. So the certificate
 * of a node must be valid for its address or for one of the names in the contact points, which the operator trusts.
 */
export async function tlsOf({ tls, ssl, contactPoints = [] }: CqlOptions, logger: Logger): Promise<ConnectionOptions | null> {
  if (tls === undefined && ssl === undefined) return null;
  const own = await settingsOf(tls);
  const raw = definedOf(ssl);
  const options: ConnectionOptions = {
    ...VERIFIED_TLS,
    checkServerIdentity: nameCheck(own.servername ?? raw.servername, contactPoints),
    ...own,
    ...raw,
  };
  if (options.rejectUnauthorized !== true) warn(tls === undefined ? "cql.ssl.rejectUnauthorized" : "cql.tls.verify", logger);
  return options;
}

/** Warns of a caller's client with TLS but without verification, which is the driver's default. */
export function warnOfUnverifiedClient(client: Client, logger: Logger): void {
  const { sslOptions } = optionsOf(client);
  if (sslOptions !== undefined && sslOptions !== null && sslOptions.rejectUnauthorized !== true) {
    warn("sslOptions.rejectUnauthorized of cql.client", logger);
  }
}

/** Enables verification for connections of a secure connect bundle, for which the driver accepts no TLS options. */
export function verifyCloud(client: Client): void {
  optionsOf(client).sslOptions = { ...VERIFIED_TLS };
}

/** Options of the driver that its types omit; a caller's client may have another version. */
function optionsOf(client: Client): ClientOptions {
  return (client as unknown as { readonly options?: ClientOptions }).options ?? {};
}

/** Removes undefined entries: Node.js treats `rejectUnauthorized: undefined` as false. */
function definedOf(ssl: ConnectionOptions | undefined): ConnectionOptions {
  return Object.fromEntries(Object.entries(ssl ?? {}).filter(([, value]) => value !== undefined));
}

async function settingsOf(tls: CqlOptions["tls"]): Promise<ConnectionOptions> {
  if (tls === undefined) return {};
  const { verify, serverName, ...settings } = await tls.read();
  return { ...settings, rejectUnauthorized: verify, ...(serverName === undefined ? {} : { servername: serverName }) };
}

function nameCheck(serverName: string | undefined, contactPoints: readonly string[]) {
  const others = contactPoints.map(hostOf).filter((name) => isIP(name) === 0);
  return (address: string, certificate: PeerCertificate): Error | undefined => {
    const names = serverName === undefined ? [address, ...others] : [serverName];
    const faults = names.map((name) => checkServerIdentity(name, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
}

/** The host of "host", "host:port" or "[host]:port". */
export function hostOf(contactPoint: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(contactPoint)?.[1] ?? /^([^:]+):\d+$/.exec(contactPoint)?.[1] ?? contactPoint;
}

function warn(option: string, logger: Logger): void {
  logger.warn({ option }, `${option} is false: anyone on the network path can impersonate the server and read the password and all data`);
}
