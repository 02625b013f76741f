/** ESLint rules: identifiers, comments and strings use the terms of the field instead of the words of `words.ts`. */
import type { Rule } from "eslint";
import { IDENTIFIER_WORDS, PROSE_WORDS, WORDS, type ReplacedWord } from "./words.ts";

interface Finding {
  readonly word: string;
  readonly instead: string;
}

const identifierWords = compile([...WORDS, ...IDENTIFIER_WORDS]);
const proseWords = compile([...WORDS, ...PROSE_WORDS]);

/** The replaced word in an identifier, which is split at changes of case; null when it has none. */
function findInIdentifier(name: string): Finding | null {
  const words = name.replace(/([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])|[_$]/g, "$1$2 ").toLowerCase();
  return first(words, identifierWords);
}

/** The first replaced word in a text; null when it has none. */
function findInProse(text: string): Finding | null {
  return first(text, proseWords);
}

function first(text: string, words: readonly (readonly [RegExp, string])[]): Finding | null {
  for (const [pattern, instead] of words) {
    const word = pattern.exec(text)?.[0];
    if (word !== undefined) return { word: word.replace(/\s+/g, " "), instead };
  }
  return null;
}

/** A phrase may be broken over two lines of a block of comments, hence the asterisks and slashes. */
function compile(words: readonly ReplacedWord[]): (readonly [RegExp, string])[] {
  return words.map(({ pattern, instead }) => [new RegExp(`\\b(?:${pattern.replaceAll(" ", "\\s+(?:[*/]+\\s+)?")})\\b`, "i"), instead]);
}

const identifiers: Rule.RuleModule = {
  meta: { type: "suggestion", messages: { replaced: '"{{name}}" contains "{{word}}". Use the field\'s term: {{instead}}.' }, schema: [] },
  create(context) {
    const check = (node: Rule.Node & { readonly name: string }): void => {
      const found = findInIdentifier(node.name);
      if (found !== null) context.report({ node, messageId: "replaced", data: { name: node.name, ...found } });
    };
    return { Identifier: check, PrivateIdentifier: check };
  },
};

const prose: Rule.RuleModule = {
  meta: { type: "suggestion", messages: { replaced: 'Found "{{word}}". Use the field\'s term: {{instead}}.' }, schema: [] },
  create(context) {
    const check = (text: string, loc: Rule.Node["loc"]): void => {
      const found = findInProse(text);
      if (found !== null && loc) context.report({ loc, messageId: "replaced", data: { ...found } });
    };
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) check(comment.value, comment.loc);
      },
      Literal(node) {
        if (typeof node.value === "string") check(node.value, node.loc);
      },
      TemplateElement(node) {
        check(node.value.cooked ?? node.value.raw, node.loc);
      },
    };
  },
};

/** The plugin for `eslint.config.js`. */
export const vocabulary = { rules: { identifiers, prose } };
