/** Certificates and keys of the configuration, before any connection is made. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { tls } from "../../src/config/options/tls.ts";
import { ReadTexts } from "../../src/config/read-texts.ts";
import { tlsOf } from "../../src/config/tls-files.ts";
import { CertificateAuthority, type KeyPair } from "../servers/certificates.ts";

const PASSPHRASE = "passphrase-of-the-tests";

let authority: CertificateAuthority;
let plain: KeyPair, locked: KeyPair;
beforeAll(async () => {
  authority = await CertificateAuthority.create("Authority of the tests");
  plain = await authority.issue({ names: ["client"] });
  locked = await authority.issue({ names: ["client"], passphrase: PASSPHRASE });
});

type Given = Partial<Record<"ca" | "cert" | "key" | "passphrase", string>>;

function read(options: Given, secrets: Readonly<Record<string, string>> = {}) {
  return tlsOf(tls.parse(options), "cql.tls", (text) => Promise.resolve(secrets[text] ?? text), new ReadTexts()).read();
}

test("TLS options are optional, and default to verification with TLS 1.2 or later", async () => {
  expect(await read({})).toEqual({ verify: true, minVersion: "TLSv1.2" });
});

test("texts, files and references yield the same options", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tls-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.cert);
  const references = { ca, cert: "vault://kv/tls#cert", key: "vault://kv/tls#key", passphrase: "env://PASSPHRASE" };
  const followed = { [references.cert]: locked.cert, [references.key]: locked.key, [references.passphrase]: PASSPHRASE };
  const texts = { ca: authority.cert, ...locked, passphrase: PASSPHRASE };
  expect(await read(references, followed)).toEqual(await read(texts));
});

test.each<[string, () => Given, RegExp]>([
  ["a file that is not there", () => ({ ca: "no/such.pem" }), /^cql\.tls\.ca is neither PEM text nor a readable file \(ENOENT\)/],
  ["a key for a certificate", () => ({ ca: plain.key }), /^cql\.tls\.ca contains no readable certificate/],
  ["half a certificate", () => ({ ca: authority.cert.replace(/[A-Za-z0-9]{40}/, "") }), /^cql\.tls\.ca contains no readable certificate/],
  ["the key of another certificate", () => ({ cert: plain.cert, key: authority.cert }), /^cql\.tls\.key cannot be read/],
  ["a key that is another's", () => ({ cert: locked.cert, key: plain.key }), /^cql\.tls\.key is not the private key of cql\.tls\.cert/],
  ["a key without its passphrase", () => ({ ...locked }), /^cql\.tls\.key is encrypted: set its passphrase in cql\.tls\.passphrase/],
  ["a wrong passphrase", () => ({ ...locked, passphrase: "wrong" }), /^cql\.tls\.passphrase does not decrypt cql\.tls\.key/],
])("%s is named, and no secret shown", async (_, options, message) => {
  const error: unknown = await read(options()).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "CONFIGURATION", message: expect.stringMatching(message) as string });
  const shown = inspect(error, { depth: 10 });
  for (const secret of [PASSPHRASE, plain.key.slice(40, 80), locked.key.slice(60, 100)]) expect(shown).not.toContain(secret);
});

test("a certificate requires a key, and insecure TLS versions are rejected", () => {
  expect(tls.safeParse({ cert: plain.cert }).error?.issues).toMatchObject([{ path: ["key"] }]);
  expect(tls.safeParse({ key: plain.key }).error?.issues).toMatchObject([{ path: ["cert"] }]);
  expect(tls.safeParse({ passphrase: "x" }).error?.issues).toMatchObject([{ path: ["key"] }]);
  expect(tls.safeParse({ minVersion: "TLSv1.1" }).error?.issues).toMatchObject([{ path: ["minVersion"] }]);
});
