import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { vocabulary } from "./scripts/lint/vocabulary.ts";

export default defineConfig(
  // Programs of users, for whom the package is installed elsewhere.
  globalIgnores(["dist/", "coverage/", "docs/api/", "node_modules/", "test/projects/{apps,next,suites}/"]),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "error" },
    rules: {
      "max-lines": ["error", 500],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      complexity: ["error", 20],
      eqeqeq: "error",
      "no-console": "error",
      "prefer-const": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/ban-ts-comment": ["error", { "ts-expect-error": true, "ts-ignore": true, "ts-nocheck": true }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/prefer-readonly": "error",
      // An async method turns a throw into a rejection, which is what an interface of promises asks for.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
    },
  },
  {
    // A suite reads as one list of cases, and programs speak on the console.
    files: ["test/**", "src/testing/**", "examples/**", "scripts/**"],
    rules: { "max-lines-per-function": "off", "no-console": "off" },
  },
  {
    // A value of another realm, such as that of a test under Jest, is no instance of this realm's classes.
    files: ["src/**"],
    ignores: ["src/model/realms.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "BinaryExpression[operator='instanceof'][right.name=/^(Map|Set|WeakMap|WeakSet|Date|RegExp|Object|Array|Function|Promise|Error|AggregateError|EvalError|RangeError|ReferenceError|SyntaxError|TypeError|URIError|DOMException|ArrayBuffer|SharedArrayBuffer|DataView|Buffer|U?[Ii]nt(8|16|32)(Clamped)?Array|Uint8ClampedArray|Float(16|32|64)Array|Big(Ui|I)nt64Array|AbortSignal|AbortController|Headers|Request|Response|Blob|URL|ReadableStream|WritableStream|TransformStream)$/]",
          message: "instanceof is false for values of another realm: use src/model/realms.ts.",
        },
      ],
    },
  },
  {
    files: ["**/*.ts"],
    ignores: ["scripts/lint/**", "test/unit/lint/**"],
    plugins: { vocabulary },
    rules: { "vocabulary/identifiers": "error" },
  },
  { files: ["src/**/*.ts"], plugins: { vocabulary }, rules: { "vocabulary/prose": "error" } },
  { files: ["**/*.js", "**/*.cjs"], languageOptions: { globals: { module: "writable" } }, extends: [tseslint.configs.disableTypeChecked] },
);
