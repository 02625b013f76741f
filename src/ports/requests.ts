import type { StoreError } from "../model/errors.ts";
import type { Request } from "../model/operation.ts";

/** Through which view requests came. */
export interface Caller {
  /** Path of the view's root; "" for the whole store. */
  readonly scope: string;
  /** On whose behalf, as `with({ actor })` said; null when it did not. */
  readonly actor: string | null;
  /** Why a rate limit refuses the requests, where that was known before their values were encoded; absent where none does. */
  readonly refusal?: StoreError | undefined;
}

/** Runs a batch of requests; `result[i]` is the outcome of `requests[i]`. Never rejects as a whole for the fault of one. */
export type RunRequests<Answer> = (
  requests: readonly Request[],
  caller: Caller,
) => Promise<PromiseSettledResult<Answer>[]>;
