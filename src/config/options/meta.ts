/**
 * What an option says of itself beyond its type, default and description; given by `.meta()`, read by the catalogue of
 * options, and so by messages, documentation and reload.
 */
export interface OptionMeta {
  /** A value that is right, for messages and documentation; needed where neither a default nor the type gives one. */
  readonly example?: unknown;
  /** Nothing of a value given for it, or for what is below it, is ever shown. */
  readonly isSecret?: true;
  /** Why neither it nor what is below it can change while the store runs; absent, it can. */
  readonly fixed?: string;
}

/** Says that an option cannot change while the store runs, and why: the rest of a sentence that begins with its name. */
export function fixed(why: string): { readonly fixed: string } {
  return { fixed: why };
}

/** Gives a value that is right. */
export function example(value: unknown): { readonly example: unknown } {
  return { example: value };
}

/** Says that values are never shown. */
export const secret = { isSecret: true } as const;
