import { isIP } from "node:net";
import { generate } from "selfsigned";

/** A certificate and its private key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is issued for. */
export interface CertificateRequest {
  /** Host names and addresses that it is for; the first is its common name too. */
  readonly names: readonly string[];
  /** "expired": its time ended yesterday. */
  readonly validity?: "current" | "expired";
  /** Encrypts the private key. */
  readonly passphrase?: string;
}

const DAY_MS = 24 * 3_600_000;
const KIND = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

/** A certificate authority of a test, which no other client trusts. */
export class CertificateAuthority {
  readonly #pair: KeyPair;

  private constructor(pair: KeyPair) {
    this.#pair = pair;
  }

  static async create(name: string): Promise<CertificateAuthority> {
    const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
      ...KIND,
      notBeforeDate: new Date(Date.now() - 10 * DAY_MS),
      notAfterDate: new Date(Date.now() + 10 * DAY_MS),
      extensions: [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new CertificateAuthority({ cert, key });
  }

  /** Its own certificate, which those trust that trust what it issues. */
  get cert(): string {
    return this.#pair.cert;
  }

  /** Issues a certificate for a server or a client. */
  async issue({ names, validity = "current", passphrase }: CertificateRequest): Promise<KeyPair> {
    const end = Date.now() + (validity === "expired" ? -DAY_MS : DAY_MS);
    const { cert, private: key } = await generate([{ name: "commonName", value: names[0] ?? "unnamed" }], {
      ...KIND,
      ca: this.#pair,
      notBeforeDate: new Date(end - 3 * DAY_MS),
      notAfterDate: new Date(end),
      ...(passphrase === undefined ? {} : { passphrase }),
      extensions: [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        {
          name: "subjectAltName",
          altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
        },
      ],
    });
    return { cert, key };
  }
}
