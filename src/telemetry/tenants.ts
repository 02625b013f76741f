import { messageOf } from "../model/errors.ts";
import { toLabels } from "../model/namespace.ts";
import { shortName } from "../model/short-name.ts";
import type { Logger } from "../ports/logger.ts";

/** Options of tenant labels. */
export interface TenantOptions {
  readonly tenantOf?: ((namespace: readonly string[]) => string | null | undefined) | undefined;
  readonly maxTenants: number;
}

/** Tenant labels, bounded in number. */
export class Tenants {
  readonly #logger: Logger;
  readonly #known = new Set<string>();
  #hasThrown = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The label of a namespace's tenant; null when labels are disabled. */
  labelOf(path: string, { tenantOf, maxTenants }: TenantOptions): string | null {
    if (tenantOf === undefined) return null;
    const answer = this.#call(tenantOf, path);
    if (typeof answer !== "string" || answer === "") return "none";
    const label = shortName(answer);
    if (this.#known.has(label)) return label;
    if (this.#known.size >= maxTenants) return "other";
    this.#known.add(label);
    return label;
  }

  #call(tenantOf: NonNullable<TenantOptions["tenantOf"]>, path: string): unknown {
    try {
      return tenantOf(toLabels(path));
    } catch (error) {
      // A failure of the label must not fail the operation.
      if (!this.#hasThrown) this.#logger.warn({ cause: messageOf(error) }, "telemetry.tenantOf threw: operations count without their tenant");
      this.#hasThrown = true;
      return null;
    }
  }
}
