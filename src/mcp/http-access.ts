/** Who may send requests to the MCP server over HTTP. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { ConfigurationError } from "../model/errors.ts";

/** Names and secrets that requests are compared with. */
export interface AccessRules {
  readonly token: string;
  /** Host names, without a port, that clients may use for this server. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of web pages that may send requests. */
  readonly origins: ReadonlySet<string>;
}

/** Why a request is rejected. */
export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly message: string;
}

const MIN_TOKEN_CHARS = 16;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Options of access. */
export interface AccessOptions {
  readonly token: string;
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/**
 * Checks the options of access.
 *
 * @throws {ConfigurationError} when the token is short, or the server is reachable from other machines under no known name.
 */
export function accessRules({ token, host, allowedHosts, allowedOrigins }: AccessOptions): AccessRules {
  if (typeof token !== "string" || token.length < MIN_TOKEN_CHARS || !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigurationError(
      `The MCP server needs a bearer token of at least ${MIN_TOKEN_CHARS} visible ASCII characters. Create one with: openssl rand -hex 32`,
    );
  }
  if (!isLoopback(host) && allowedHosts.length === 0) {
    throw new ConfigurationError(
      `On ${host} the MCP server can be reached from other machines. Pass the names that clients use as allowed hosts, and put TLS in front of it.`,
    );
  }
  const origins = allowedOrigins.map((origin) => {
    if (URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    throw new ConfigurationError(`An allowed origin is scheme, host and port, such as http://localhost:6274, but got ${JSON.stringify(origin)}.`);
  });
  const hosts = isLoopback(host) ? [...LOOPBACK, ...allowedHosts] : allowedHosts;
  return { token, hosts: new Set(hosts.map((name) => name.toLowerCase())), origins: new Set(origins) };
}

/** Why the Host or Origin of a request is rejected; null if neither is. Stops pages of other sites, also with DNS rebinding. */
export function refusalOfSource({ host, origin }: IncomingHttpHeaders, { hosts, origins }: AccessRules): Refusal | null {
  if (host === undefined || !hosts.has(nameOf(host))) return { status: 403, message: "This host name is not allowed." };
  if (origin !== undefined && !origins.has(origin)) return { status: 403, message: "This origin is not allowed." };
  return null;
}

/**
 * Why the token of a request is rejected; null if it is right. Every wrong token gets the same answer in the same time; no token counts
 * as a wrong one.
 */
export function refusalOfToken({ authorization }: IncomingHttpHeaders, { token }: AccessRules): Refusal | null {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "";
  // Digests have one length, which timingSafeEqual requires.
  return timingSafeEqual(digest(given), digest(token)) ? null : { status: 401, message: "A valid bearer token is required." };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The name of a Host header, without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, "").toLowerCase();
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
