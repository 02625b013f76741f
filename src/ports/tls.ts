/** TLS settings of connections to one service. All certificates and keys are PEM text. */
export interface TlsSettings {
  /** Certificates of trusted CAs; by default those that Node.js trusts. */
  readonly ca?: string;
  /** Client certificate with its chain of intermediate certificates. */
  readonly cert?: string;
  /** Private key of `cert`. */
  readonly key?: string;
  /** Passphrase of `key`. */
  readonly passphrase?: string;
  /** Host name that the server's certificate must contain, instead of the host of the connection. */
  readonly serverName?: string;
  /** Whether the server's certificate is verified: CA, validity and host name. */
  readonly verify: boolean;
  /** Lowest TLS version that is accepted. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** A source of TLS settings. */
export interface Tls {
  /**
   * Reads files and secrets; each start calls it again.
   *
   * @throws {ConfigurationError} naming the option that cannot be read or does not match the others.
   */
  read(): Promise<TlsSettings>;
}
