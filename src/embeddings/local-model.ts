/** The calls between the local embedder and its thread, and the bounds of the model. */
import type { CallMessage, ReplyMessage } from "../concurrency/worker-channel.ts";

/**
 * Characters of a text that reach the model. The model itself reads the first 128 tokens, about 450 characters of English
 * and at most 2,048 characters, so nothing that it would read is cut off; what it takes to split a text into tokens grows
 * with its length.
 */
export const MAX_CHARACTERS = 2_048;

/** What the thread answers. */
export interface ModelCalls {
  readonly embed: { readonly request: readonly string[]; readonly reply: number[][] };
}

/** Why the thread could not answer. */
export interface ModelFailure {
  readonly message: string;
  /** Whether the packages of the model could not be loaded. */
  readonly isMissing: boolean;
}

/** A call on its way to the thread. */
export type ModelCall = CallMessage<ModelCalls>;

/** The answer on the way back. */
export type ModelReply = ReplyMessage<ModelCalls, ModelFailure>;
