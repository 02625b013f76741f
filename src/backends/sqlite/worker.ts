/** The database thread: answers one call after another. */
import { parentPort } from "node:worker_threads";
import { toFailure, type Failure } from "./errors.ts";
import { LocalDatabase } from "./local-database.ts";
import type { CallMessage, ReplyMessage } from "../../concurrency/worker-channel.ts";
import type { Calls } from "./requests.ts";

/** Longest time that a reply waits for the replies to calls of the same message, milliseconds. */
const MAX_REPLY_DELAY_MS = 1;

const port = parentPort;
if (port === null) throw new Error("This file is the database thread of SqliteBackend and runs as a worker only.");

const database = new LocalDatabase();

port.on("message", (calls: readonly CallMessage<Calls>[]) => {
  let replies: ReplyMessage<Calls, Failure>[] = [];
  let due = performance.now() + MAX_REPLY_DELAY_MS;
  for (const call of calls) {
    replies.push(answer(call));
    const now = performance.now();
    if (now < due) continue;
    port.postMessage(replies);
    replies = [];
    due = now + MAX_REPLY_DELAY_MS;
  }
  if (replies.length > 0) port.postMessage(replies);
});

function answer({ id, name, request }: CallMessage<Calls>): ReplyMessage<Calls, Failure> {
  try {
    return { id, reply: database.answer(name, request) };
  } catch (error) {
    return { id, failure: toFailure(error) };
  }
}
