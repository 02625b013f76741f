/** A chat model without a key: it answers by a script instead of a network. Replace it with a real model. */
import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { BaseChatModel, type BindToolsInput } from "@langchain/core/language_models/chat_models";
import { AIMessage, AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";

/** A call of a tool that the script makes. */
export interface ScriptedCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** The next answer of the script: a text, or calls of tools. */
export type ScriptedAnswer = string | readonly ScriptedCall[];

/** Chooses the answer by the messages of the conversation. */
export type Script = (messages: readonly BaseMessage[]) => ScriptedAnswer;

/** A chat model that answers by a script, streams word by word, and keeps what it was given. */
export class ScriptedModel extends BaseChatModel {
  /** The messages of each call. */
  readonly calls: BaseMessage[][] = [];
  /** Names of the tools that the agent offered. */
  offered: readonly string[] = [];
  readonly #script: Script;
  #lastCall = 0;

  constructor(script: Script) {
    super({});
    this.#script = script;
  }

  override _llmType(): string {
    return "scripted";
  }

  override bindTools(tools: BindToolsInput[]): this {
    this.offered = tools.map((tool) => ("name" in tool && typeof tool.name === "string" ? tool.name : "unnamed"));
    return this;
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    this.calls.push(messages);
    const message = this.#answer(messages);
    return { generations: [{ message, text: message.text }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    _options: this["ParsedCallOptions"],
    run?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    this.calls.push(messages);
    const { text, tool_calls: calls = [] } = this.#answer(messages);
    for (const [index, { name, args, id }] of calls.entries()) {
      const chunk = { name, args: JSON.stringify(args), index, type: "tool_call_chunk" as const, ...(id === undefined ? {} : { id }) };
      yield new ChatGenerationChunk({ text: "", message: new AIMessageChunk({ content: "", tool_call_chunks: [chunk] }) });
    }
    for (const word of text.match(/\S+\s*/g) ?? []) {
      const chunk = new ChatGenerationChunk({ text: word, message: new AIMessageChunk(word) });
      yield chunk;
      await run?.handleLLMNewToken(word, undefined, undefined, undefined, undefined, { chunk });
    }
  }

  #answer(messages: readonly BaseMessage[]): AIMessage {
    const answer = this.#script(messages);
    if (typeof answer === "string") return new AIMessage(answer);
    const calls = answer.map(({ name, args }) => ({ name, args, id: `call-${(this.#lastCall += 1)}`, type: "tool_call" as const }));
    return new AIMessage({ content: "", tool_calls: calls });
  }
}
