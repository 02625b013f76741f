import type { StoreError } from "../model/errors.ts";
import type { Request } from "../model/request.ts";

/** The view that requests came through. */
export interface Caller {
  /** Path of the view's root; "" for the entire store. */
  readonly scope: string;
  /** The `actor` of `with({ actor })`; null without one. */
  readonly actor: string | null;
  /** The error of an exceeded rate limit, if it is known before the values are encoded. */
  readonly refusal?: StoreError | undefined;
}

/** Runs a batch of requests; `result[i]` is the outcome of `requests[i]`. A failed request does not reject the batch. */
export type RunRequests<Answer> = (
  requests: readonly Request[],
  caller: Caller,
) => Promise<PromiseSettledResult<Answer>[]>;
