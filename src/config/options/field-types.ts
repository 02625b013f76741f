/** Kinds of values that several options have. */
import { z } from "zod";
import { parseTextPath } from "../../model/index-text.ts";
import { ANY_LABEL, toPath } from "../../model/namespace.ts";
import { example } from "./meta.ts";

/**
 * Makes a check of several options together run beside mistakes in single ones, so that all are told at once. What it looks
 * at may be of any kind then.
 */
export const besideMistakes = {
  when: ({ value }: { readonly value: unknown }): boolean => typeof value === "object" && value !== null,
};

/** For `z.custom()`: says what is wrong, and lets checks of several options run {@link besideMistakes}. */
export function mustBe(what: string): { readonly error: string; readonly abort: false } {
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

/** The namespaces that a rule is for. */
export const pattern = z
  .array(z.string())
  .superRefine((labels, context) => {
    try {
      toPath(labels, { allowReservedRoot: true });
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  })
  .describe(`Leading labels of the namespaces that the rule is for; "${ANY_LABEL}" stands for any one label.`)
  .meta(example(["users"]));
