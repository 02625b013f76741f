/** Errors of the clients of real embedding providers for a status 400. Each has the status in another place. */

/** Returns the errors in turn. */
const SHAPES: readonly (() => unknown)[] = [
  // openai
  () => Object.assign(new Error("400 This model's maximum context length is 8192 tokens"), { status: 400 }),
  // @langchain/openai: the status is in the cause only.
  () => Object.assign(new Error("Input is too long", { cause: { status: 400 } }), { name: "ContextOverflowError" }),
  // ollama
  () => Object.assign(new Error("the input length exceeds the context length"), { name: "ResponseError", status_code: 400 }),
  // cohere, mistral
  () => Object.assign(new Error("invalid request"), { statusCode: 400 }),
  // AWS SDK
  () => Object.assign(new Error("Malformed input request"), { name: "ValidationException", $metadata: { httpStatusCode: 400 } }),
  // axios
  () => Object.assign(new Error("Request failed with status code 400"), { response: { status: 400 } }),
  // Not even an error
  () => ({ status: 422 }),
];

/** An embedding provider that rejects what a real one rejects. */
export class TextLimit {
  readonly #maxChars: number;
  #rejections = 0;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  /** @throws what a provider's client throws, when one of the texts is too long or blank. */
  check(texts: readonly string[]): void {
    if (texts.every((text) => text.length <= this.#maxChars && text.trim() !== "")) return;
    const shape = SHAPES[this.#rejections % SHAPES.length] as () => unknown;
    this.#rejections += 1;
    throw shape();
  }
}
