/**
 * A write that has not drawn its version so long after it was noted, milliseconds, is given up: what a reconciler sees
 * above this bound is then surely newer. One number for all processes, so it is not an option.
 */
export const WRITE_BOUND_MS = 30_000;
