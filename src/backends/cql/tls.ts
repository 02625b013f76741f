/** TLS of the driver, which by itself verifies nothing. */
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from "node:tls";
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
  const options: ConnectionOptions = {
    // The driver's default is false.
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    checkServerIdentity: nameCheck(own.servername ?? ssl?.servername, contactPoints),
    ...own,
    ...ssl,
  };
  if (options.rejectUnauthorized === false) warn(tls === undefined ? "cql.ssl.rejectUnauthorized" : "cql.tls.verify", logger);
  return options;
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
