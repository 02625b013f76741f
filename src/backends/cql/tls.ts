/** TLS of the driver, which by itself verifies nothing. */
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";
import type { Client, ClientOptions } from "cassandra-driver";
import { VERIFIED_TLS } from "../../model/verified-tls.ts";
import type { Logger } from "../../ports/logger.ts";
import type { CqlOptions } from "./options.ts";

/**
 * What the driver gives to Node.js at each connection; null when connections are not encrypted.
 *
 * The driver connects to addresses, also to those that the names of contact points stand for, and to nodes that it
 * learns of from others. So each node has to show a certificate for its address, or for one of the names that the
 * contact points give: whoever wrote them trusts them to be the cluster.
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

/** Warns of a client of the caller's own that encrypts and verifies nothing, which is the driver's default. */
export function warnOfUnverifiedClient(client: Client, logger: Logger): void {
  const { sslOptions } = optionsOf(client);
  if (sslOptions !== undefined && sslOptions !== null && sslOptions.rejectUnauthorized !== true) {
    warn("sslOptions.rejectUnauthorized of cql.client", logger);
  }
}

/** Verifies connections that a secure connect bundle describes; the driver takes no such options beside a bundle, and adds its own to these. */
export function verifyCloud(client: Client): void {
  optionsOf(client).sslOptions = { ...VERIFIED_TLS };
}

/** What the driver was made with, which its types leave out; a caller's client may be of another version. */
function optionsOf(client: Client): ClientOptions {
  return (client as unknown as { readonly options?: ClientOptions }).options ?? {};
}

/** Without the entries that are undefined: Node.js takes `rejectUnauthorized: undefined` for false. */
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
  logger.warn({ option }, `${option} is false: anybody on the way may pose as the server and read the password and all data`);
}
