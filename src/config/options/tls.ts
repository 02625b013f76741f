/** TLS options, the same for both databases. */
import { z } from "zod";
import { besideMistakes } from "./field-types.ts";
import { credential } from "./secrets.ts";

const text = z.string().min(1);

const FORMS = "PEM text, the path of a file, or a secret reference.";

/** TLS of connections to one service; `{}` trusts the CAs that Node.js trusts. */
export const tls = z
  .strictObject({
    ca: text.optional().describe(`Certificates of trusted CAs; by default those of Node.js. ${FORMS}`),
    cert: text.optional().describe(`Client certificate, for servers that require one. ${FORMS}`),
    key: credential.optional().describe(`Private key of the client certificate. ${FORMS}`),
    passphrase: credential.optional().describe("Passphrase of the private key: the text itself, or a secret reference."),
    serverName: text
      .optional()
      .describe("Host name that the server's certificate must contain; by default the host of the connection."),
    verify: z
      .boolean()
      .default(true)
      .describe("Whether the server's certificate is verified. Without verification anyone can impersonate the server; each start then logs a warning."),
    minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("Lowest TLS version that is accepted."),
  })
  .superRefine(({ cert, key, passphrase }, context) => {
    const needed = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (cert !== undefined && key === undefined) needed("key", "is required with cert: its private key");
    if (key !== undefined && cert === undefined) needed("cert", "is required with key: its certificate");
    if (passphrase !== undefined && key === undefined) needed("key", "is required with passphrase, which decrypts it");
  }, besideMistakes);

/** Parsed options with defaults. */
export type TlsOptions = z.output<typeof tls>;

/** Rejects `tls` together with the raw options of Node.js. */
export function refuseTlsTwice(
  options: { readonly tls?: unknown; readonly ssl?: unknown },
  context: z.RefinementCtx,
): void {
  if (options.tls === undefined || options.ssl === undefined) return;
  const message = "and cql.tls exclude each other: remove one of them; cql.ssl is only for what cql.tls does not offer";
  context.addIssue({ code: "custom", path: ["ssl"], message });
}

/** Allowed values of the entries of `ssl` that control verification of the server; undefined is always allowed. */
const SSL_RULES: Readonly<Record<string, readonly [isAllowed: (value: unknown) => boolean, message: string]>> = {
  rejectUnauthorized: [(value) => typeof value === "boolean", "must be true or false; by default certificates are verified"],
  minVersion: [isSecureVersion, 'must be "TLSv1.2" or "TLSv1.3": older versions are not secure'],
  maxVersion: [isSecureVersion, 'must be "TLSv1.2" or "TLSv1.3": older versions are not secure'],
  checkServerIdentity: [(value) => typeof value === "function", "must be a function; by default the host name is verified"],
  secureProtocol: [() => false, "is not allowed, because it may select an insecure version: use minVersion and maxVersion"],
  secureContext: [() => false, "is not allowed, because its minimum TLS version is unknown: use ca, cert and key"],
};

function isSecureVersion(value: unknown): boolean {
  return value === "TLSv1.2" || value === "TLSv1.3";
}

/** Rejects raw options of Node.js that would weaken TLS. */
export function refuseWeakSsl({ ssl }: { readonly ssl?: unknown }, context: z.RefinementCtx): void {
  if (typeof ssl !== "object" || ssl === null) return;
  for (const [name, [isAllowed, message]] of Object.entries(SSL_RULES)) {
    const value = (ssl as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !isAllowed(value)) context.addIssue({ code: "custom", path: ["ssl", name], message });
  }
}

/** Rejects `tls` for a URL without https. */
export function refuseTlsWithoutHttps(
  options: { readonly tls?: unknown; readonly url: string },
  context: z.RefinementCtx,
): void {
  if (options.tls === undefined || options.url.toLowerCase().startsWith("https:")) return;
  context.addIssue({ code: "custom", path: ["tls"], message: "requires a qdrant.url that begins with https://" });
}
