/** The calls between the local embedder and its thread, and the bounds of the model. */
import type { CallMessage, ReplyMessage } from "../concurrency/worker-channel.ts";

/**
 * Longest text that is passed to the model, both before and after its Unicode normalization, which can lengthen a text 18-fold. It
 * bounds the cost of tokenization, which grows with the square of the length. The model reads only the first 128 tokens.
 */
export const MAX_CHARACTERS = 2_048;

/** Calls of the thread. */
export interface ModelCalls {
  readonly embed: { readonly request: readonly string[]; readonly reply: number[][] };
}

/** A failure of the thread. */
export interface ModelFailure {
  readonly message: string;
  /** Whether the packages of the model could not be loaded. */
  readonly isMissing: boolean;
}

/** A message to the thread. */
export type ModelCall = CallMessage<ModelCalls>;

/** A message from the thread. */
export type ModelReply = ReplyMessage<ModelCalls, ModelFailure>;
