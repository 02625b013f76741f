/** From the options of encrypted connections to certificates and keys. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ConfigurationError } from "../model/errors.ts";
import { Secret } from "../model/secret.ts";
import type { Tls, TlsSettings } from "../ports/tls.ts";
import type { CredentialSource } from "./options/secrets.ts";
import type { TlsOptions } from "./options/tls.ts";
import type { ReadTexts } from "./read-texts.ts";

/** Follows a secret reference, such as `vault://kv/tls#key`, to its text; other texts stay as they are. */
export type FollowReference = (text: string, option: string) => Promise<string>;

const REFERENCE = /^[a-z][a-z0-9-]*:\/\//;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Reads the options when a connection is made.
 *
 * @param name - of the options, for messages: "cql.tls"
 * @param follow - reads secret references
 * @param texts - remembers what was read
 */
export function tlsOf(options: TlsOptions, name: string, follow: FollowReference, texts: ReadTexts): Tls {
  return {
    async read() {
      const { serverName, verify, minVersion } = options;
      const [ca, cert, key] = await Promise.all([
        pem(options.ca, `${name}.ca`, follow, texts),
        pem(options.cert, `${name}.cert`, follow, texts),
        pem(textOf(options.key), `${name}.key`, follow, texts),
      ]);
      const given = textOf(options.passphrase);
      const option = `${name}.passphrase`;
      const passphrase = given === undefined ? undefined : await texts.read(option, () => follow(given, option));
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

/** What was given for an option whose values are not shown: the text itself, or a reference. */
function textOf(source: CredentialSource | undefined): string | undefined {
  return source instanceof Secret ? source.reveal() : source?.toString();
}

/** The PEM text that an option means. */
async function pem(
  text: string | undefined,
  name: string,
  follow: FollowReference,
  texts: ReadTexts,
): Promise<string | undefined> {
  if (text === undefined || text.includes("-----BEGIN ")) return text;
  return texts.read(name, () => (REFERENCE.test(text) ? follow(text, name) : pemFile(text, name)));
}

async function pemFile(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    // Not the text itself: it may be a key that lost its first line.
    throw new ConfigurationError(
      `${name} is neither PEM text nor a file that can be read (${code}). Give the text that begins with -----BEGIN, the ` +
        `path of a file that this process may read (relative ones start at ${process.cwd()}), or a secret reference.`,
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
      // Why it cannot be read is said in the words of ASN.1; that it cannot is what helps.
      return false;
    }
  });
  if (found.length > 0 && isSound) return;
  throw new ConfigurationError(
    `${name} holds no certificate that can be read: it must be PEM, from -----BEGIN CERTIFICATE----- to its end.`,
    { details: { option: name } },
  );
}

/** Finds a key that is not the certificate's, or is locked, before a server is asked. */
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
    if (passphrase === undefined) return `${name}.key is encrypted: give its passphrase as ${name}.passphrase`;
    if (/decrypt|pkcs12|cipherfinal/i.test(message)) return `${name}.passphrase does not open ${name}.key`;
  }
  return `${name}.key cannot be read with ${name}.cert: it must be a private key in PEM`;
}
