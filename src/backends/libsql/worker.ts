/** The database thread: answers one call after another. */
import { parentPort } from "node:worker_threads";
import { toFailure, type Failure } from "./errors.ts";
import { LocalDatabase } from "./local-database.ts";
import type { CallMessage, ReplyMessage } from "../../concurrency/worker-channel.ts";
import type { Calls } from "./requests.ts";

const port = parentPort;
if (port === null) throw new Error("This file is the database thread of LibsqlBackend and runs as a worker only.");

const database = new LocalDatabase();

port.on("message", (message: CallMessage<Calls>) => {
  port.postMessage(answer(message));
  // With the thread go its statements, and with them the last hold on the file.
  if (message.name === "close") port.close();
});

function answer({ id, name, request }: CallMessage<Calls>): ReplyMessage<Calls, Failure> {
  try {
    return { id, reply: database.answer(name, request) };
  } catch (error) {
    return { id, failure: toFailure(error) };
  }
}
