/** The calls between the local embedder and its thread, and the bounds of the model. */
import type { CallMessage, ReplyMessage } from "../concurrency/worker-channel.ts";

/**
 * Longest text that is passed to the model. The model reads the first 128 tokens, which are at most 2,048 characters, so the
 * cut does not change its result; it bounds the cost of tokenization.
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
