/** Options of encrypted connections, the same for both databases. */
import { z } from "zod";
import { besideMistakes } from "./field-types.ts";
import { credential } from "./secrets.ts";

const text = z.string().min(1);

const FORMS = "PEM text, the path of a file, or a secret reference.";

/** How connections to one service are encrypted; `{}` trusts the authorities that Node.js trusts. */
export const tls = z
  .strictObject({
    ca: text.optional().describe(`Certificates of the authorities to trust; by default those of Node.js. ${FORMS}`),
    cert: text.optional().describe(`Client certificate, for servers that ask for one. ${FORMS}`),
    key: credential.optional().describe(`Private key of the client certificate. ${FORMS}`),
    passphrase: credential.optional().describe("Decrypts the key. The passphrase itself, or a secret reference."),
    serverName: text
      .optional()
      .describe("Name that the server's certificate must hold; by default the one that is connected to."),
    verify: z
      .boolean()
      .default(true)
      .describe("Whether the server's certificate is verified. If not, anybody may pose as the server; each start warns."),
    minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("Oldest version of TLS that is spoken."),
  })
  .superRefine(({ cert, key, passphrase }, context) => {
    const needed = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    if (cert !== undefined && key === undefined) needed("key", "is required with a cert: the private key of it");
    if (key !== undefined && cert === undefined) needed("cert", "is required with a key: the certificate of it");
    if (passphrase !== undefined && key === undefined) needed("key", "is required with a passphrase, which decrypts it");
  }, besideMistakes);

/** The options in force, defaults filled in. */
export type TlsOptions = z.output<typeof tls>;

/** Refuses `tls` beside the raw options of Node.js: which of the two is meant? */
export function refuseTlsTwice(
  options: { readonly tls?: unknown; readonly ssl?: unknown },
  context: z.RefinementCtx,
): void {
  if (options.tls === undefined || options.ssl === undefined) return;
  const message = "excludes cql.tls: leave one of them out; cql.ssl is only for what cql.tls does not offer";
  context.addIssue({ code: "custom", path: ["ssl"], message });
}

/** What is allowed for entries of `ssl` that decide whether and how the server is verified; absent is always allowed. */
const SSL_RULES: Readonly<Record<string, readonly [isAllowed: (value: unknown) => boolean, message: string]>> = {
  rejectUnauthorized: [(value) => typeof value === "boolean", "must be true or false; left out, certificates are verified"],
  minVersion: [isSecureVersion, 'must be "TLSv1.2" or "TLSv1.3": older versions are not secure'],
  maxVersion: [isSecureVersion, 'must be "TLSv1.2" or "TLSv1.3": older versions are not secure'],
  checkServerIdentity: [(value) => typeof value === "function", "must be a function; left out, the names of the certificate are verified"],
  secureProtocol: [() => false, "is not allowed, as it may stand for a version that is not secure: use minVersion and maxVersion"],
  secureContext: [() => false, "is not allowed, as its oldest version of TLS is unknown: give ca, cert and key instead"],
};

function isSecureVersion(value: unknown): boolean {
  return value === "TLSv1.2" || value === "TLSv1.3";
}

/** Refuses raw options of Node.js that would weaken TLS by mistake. */
export function refuseWeakSsl({ ssl }: { readonly ssl?: unknown }, context: z.RefinementCtx): void {
  if (typeof ssl !== "object" || ssl === null) return;
  for (const [name, [isAllowed, message]] of Object.entries(SSL_RULES)) {
    const value = (ssl as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !isAllowed(value)) context.addIssue({ code: "custom", path: ["ssl", name], message });
  }
}

/** Refuses `tls` where the address says that nothing is encrypted. */
export function refuseTlsWithoutHttps(
  options: { readonly tls?: unknown; readonly url: string },
  context: z.RefinementCtx,
): void {
  if (options.tls === undefined || options.url.toLowerCase().startsWith("https:")) return;
  context.addIssue({ code: "custom", path: ["tls"], message: "needs an address that begins with https:// as qdrant.url" });
}
