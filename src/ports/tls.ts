/** How connections to one service are encrypted. All certificates and keys are PEM text. */
export interface TlsSettings {
  /** Certificates of the authorities that are trusted; absent, those that Node.js trusts. */
  readonly ca?: string;
  /** Certificate by which this client shows who it is, with those between it and its authority. */
  readonly cert?: string;
  /** Private key of `cert`. */
  readonly key?: string;
  /** Decrypts `key`. */
  readonly passphrase?: string;
  /** Name that the server's certificate must hold, in the place of the one that is connected to. */
  readonly serverName?: string;
  /** Whether the server's certificate is verified: its authority, its time and its names. */
  readonly verify: boolean;
  /** Oldest version of TLS that is spoken. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** Where the settings come from. */
export interface Tls {
  /**
   * Reads files and secrets; each start does so anew.
   *
   * @throws {ConfigurationError} naming the option of which something cannot be read, or does not fit the others.
   */
  read(): Promise<TlsSettings>;
}
