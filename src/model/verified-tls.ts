/** TLS options of every encrypted connection, independent of environment and flags of the process. */

/**
 * Options of `tls.connect()`. Both are set explicitly, because NODE_TLS_REJECT_UNAUTHORIZED and `--tls-min-v1.0` change their
 * defaults.
 */
export const VERIFIED_TLS = { rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
