/** What every encrypted connection of the store asks of Node.js, whatever the process was started with. */

/**
 * Options of `tls.connect()`. Both are given at each connection: their defaults follow NODE_TLS_REJECT_UNAUTHORIZED and
 * `--tls-min-v1.0`.
 */
export const VERIFIED_TLS = { rejectUnauthorized: true, minVersion: "TLSv1.2" } as const;
