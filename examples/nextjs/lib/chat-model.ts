/** The chat model of the examples: OpenAI's with a key, else a script that saves what the user says and repeats it. */
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { ChatOpenAI } from "@langchain/openai";
import { ScriptedModel } from "./scripted-model.ts";

/** Returns the model that `OPENAI_API_KEY` selects. */
export function chatModel(): BaseChatModel {
  if (process.env["OPENAI_API_KEY"]) return new ChatOpenAI({ model: process.env["OPENAI_MODEL"] ?? "gpt-5-mini" });
  return rememberingModel();
}

/**
 * A model that calls `save_memory` with each message that begins with "I", and answers others with the best memory that the
 * middleware shows it.
 */
export function rememberingModel(): ScriptedModel {
  return new ScriptedModel((messages) => {
    const last = messages.at(-1);
    const text = last?.text ?? "";
    if (last?.getType() === "tool") return "I will remember that.";
    if (/^I\b/.test(text)) return [{ name: "save_memory", args: { memory: text } }];
    const [, memory] = /"memory":"([^"]*)"/.exec(messages[0]?.text ?? "") ?? [];
    return memory === undefined ? "I do not know you yet." : `You told me: ${memory}`;
  });
}
