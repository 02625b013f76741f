/** Simulates a process that was started with weak TLS, during one test. */
import tls from "node:tls";
import { onTestFinished, vi } from "vitest";

/** For the running test, Node.js accepts every certificate unless the connection's own options say otherwise. */
export function ignoreCertificates(): void {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  onTestFinished(() => void vi.unstubAllEnvs());
}

/** For the running test, does what `--tls-min-v1.0` does, with ciphers that the old versions need. */
export function allowOldTls(): void {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_CIPHERS: "DEFAULT@SECLEVEL=0" });
  onTestFinished(() => void Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));
}
