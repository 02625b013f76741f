import type { Logger } from "../ports/logger.ts";

const VARIABLE = "NODE_TLS_REJECT_UNAUTHORIZED";

/** Warns when the process was started with certificate verification disabled: the store's connections do not follow it. */
export function warnOfTlsVariable(env: NodeJS.ProcessEnv, logger: Logger): void {
  if (env[VARIABLE] !== "0") return;
  logger.warn(
    { variable: VARIABLE },
    `${VARIABLE} is 0: other connections of this process accept every certificate. The store verifies all the same; remove the variable.`,
  );
}
