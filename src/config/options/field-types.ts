/** Types that several options share. */
import { z } from "zod";
import { parseTextPath } from "../../model/index-text.ts";
import { ANY_LABEL, toPath } from "../../model/namespace.ts";
import { example } from "./meta.ts";

/**
 * Lets a refinement over several options run although single options are invalid, so that one error reports all mistakes.
 * The refinement must accept values of any type.
 */
export const besideMistakes = {
  when: ({ value }: { readonly value: unknown }): boolean => typeof value === "object" && value !== null,
};

/** Parameters for `z.custom()`: the error message, and permission for later refinements to run, see {@link besideMistakes}. */
export function must(what: string): { readonly error: string; readonly abort: false } {
  return { error: `must ${what}`, abort: false };
}

/** A whole number of at least 1. */
export const count = z.int().min(1);

/** Minutes, fractions allowed. */
export const minutes = z.number().positive();

/** The path of a text in a value. */
export const textPath = z
  .string()
  .superRefine((path, context) => {
    try {
      parseTextPath(path);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .meta(example("text"));

/** The namespaces that a rule applies to. */
export const pattern = z
  .array(z.string())
  .superRefine((labels, context) => {
    try {
      toPath(labels, { allowReservedRoot: true });
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .describe(`Leading labels of the namespaces that the rule applies to; "${ANY_LABEL}" matches any one label.`)
  .meta(example(["users"]));
