/** Loads the certificates and keys that TLS options refer to. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigurationError } from "../model/errors.ts";
import { Secret } from "../model/secret.ts";
import type { Tls, TlsSettings } from "../ports/tls.ts";
import type { CredentialSource } from "./options/secrets.ts";
import type { TlsOptions } from "./options/tls.ts";
import type { ReadTexts } from "./read-texts.ts";

/** Resolves a secret reference, such as `vault://kv/tls#key`, to its text; returns other text unchanged. */
export type ResolveReference = (text: string, option: string) => Promise<string>;

const REFERENCE = /^[a-z][a-z0-9-]*:\/\//;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Returns TLS settings that are loaded at each connection.
 *
 * @param name - path of the options, for messages: "cql.tls"
 * @param resolve - resolves secret references
 * @param texts - records what was read
 */
export function tlsOf(options: TlsOptions, name: string, resolve: ResolveReference, texts: ReadTexts): Tls {
  return {
    async read() {
      const { serverName, verify, minVersion } = options;
      const [ca, cert, key] = await Promise.all([
        pem(options.ca, `${name}.ca`, resolve, texts),
        pem(options.cert, `${name}.cert`, resolve, texts),
        pem(textOf(options.key), `${name}.key`, resolve, texts),
      ]);
      const given = textOf(options.passphrase);
      const option = `${name}.passphrase`;
      const passphrase = given === undefined ? undefined : await texts.read(option, () => resolve(given, option));
      if (ca !== undefined) checkCertificates(ca, `${name}.ca`);
      if (cert !== undefined) checkCertificates(cert, `${name}.cert`);
      const settings: TlsSettings = {
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(passphrase === undefined ? {} : { passphrase }),
        ...(serverName === undefined ? {} : { serverName }),
        verify,
        minVersion,
      };
      checkKey(settings, name);
      return settings;
    },
  };
}

/** The text of a credential option: the secret itself, or a reference to it. */
function textOf(source: CredentialSource | undefined): string | undefined {
  return source instanceof Secret ? source.reveal() : source?.toString();
}

/** The PEM text of an option that holds PEM, a path or a secret reference. */
async function pem(
  text: string | undefined,
  name: string,
  resolve: ResolveReference,
  texts: ReadTexts,
): Promise<string | undefined> {
  if (text === undefined || text.includes("-----BEGIN ")) return text;
  return texts.read(name, () => (REFERENCE.test(text) ? resolve(text, name) : pemFile(text, name)));
}

async function pemFile(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    // Without the text, which may be a key that lost its first line.
    throw new ConfigurationError(
      `${name} is neither PEM text nor a readable file (${code}). Set text that begins with -----BEGIN, the path of a file ` +
        `that this process may read (relative to ${process.cwd()}), or a secret reference.`,
      { details: { option: name, code } },
    );
  }
}

function checkCertificates(text: string, name: string): void {
  const found = text.match(CERTIFICATE) ?? [];
  const isSound = found.every((certificate) => {
    try {
      return new X509Certificate(certificate).raw.length > 0;
    } catch {
      // The parser's ASN.1 error does not help the user.
      return false;
    }
  });
  if (found.length > 0 && isSound) return;
  throw new ConfigurationError(
    `${name} contains no readable certificate: it must be PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.`,
    { details: { option: name } },
  );
}

/** Rejects a key that does not match the certificate or cannot be decrypted, before any connection. */
function checkKey({ cert, key, passphrase }: TlsSettings, name: string): void {
  if (cert === undefined || key === undefined) return;
  try {
    createSecureContext({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const fault = keyFault(String(error), { key, passphrase }, name);
    throw new ConfigurationError(`${fault} (${code}).`, { details: { option: name, code } });
  }
}

function keyFault(
  message: string,
  { key, passphrase }: { readonly key: string; readonly passphrase: string | undefined },
  name: string,
): string {
  if (/KEY_VALUES_MISMATCH|key values mismatch/i.test(message)) return `${name}.key is not the private key of ${name}.cert`;
  if (key.includes("ENCRYPTED")) {
    if (passphrase === undefined) return `${name}.key is encrypted: set its passphrase in ${name}.passphrase`;
    if (/decrypt|pkcs12|cipherfinal/i.test(message)) return `${name}.passphrase does not decrypt ${name}.key`;
  }
  return `${name}.key cannot be read with ${name}.cert: it must be a private key in PEM`;
}
