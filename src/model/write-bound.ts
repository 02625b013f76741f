/**
 * Longest time between the intent of a write and its version, milliseconds; a later write is rejected. A version above this
 * bound is therefore newer than the write of the intent. The same for all processes, so it is not an option.
 */
export const WRITE_BOUND_MS = 30_000;
