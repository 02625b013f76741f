import type { Logger } from "../ports/logger.ts";

const VARIABLE = "NODE_TLS_REJECT_UNAUTHORIZED";

/** Warns when the environment disables certificate verification, which the store's connections ignore. */
export function warnOfTlsVariable(env: NodeJS.ProcessEnv, logger: Logger): void {
  if (env[VARIABLE] !== "0") return;
  logger.warn(
    { variable: VARIABLE },
    `${VARIABLE} is 0: other connections of this process accept every certificate. The store still verifies certificates; remove the variable.`,
  );
}
