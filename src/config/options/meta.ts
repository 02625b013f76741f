/**
 * Metadata of an option beyond type, default and description. Set by `.meta()`; the catalogue of options reads it for
 * messages, documentation and reload.
 */
export interface OptionMeta {
  /** A valid value for messages and documentation; needed where neither a default nor the type provides one. */
  readonly example?: unknown;
  /** The value, and the values below it, are never printed. */
  readonly isSecret?: true;
  /** Why the option, and those below it, cannot change while the store runs; undefined when they can. */
  readonly fixed?: string;
}

/** Marks an option that cannot change while the store runs. `why` continues a sentence that begins with the option's name. */
export function fixed(why: string): { readonly fixed: string } {
  return { fixed: why };
}

/** Adds a valid value. */
export function example(value: unknown): { readonly example: unknown } {
  return { example: value };
}

/** Marks values that are never printed. */
export const secret = { isSecret: true } as const;
