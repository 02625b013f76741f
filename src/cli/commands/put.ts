import { text } from "node:stream/consumers";
import { anyNumber, jsonObject, namespaceOf } from "../arguments.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { print } from "../terminal.ts";
import { decodeValue } from "../../model/value-codec.ts";

interface Flags {
  readonly ttl?: number;
  /** False by --no-index. */
  readonly index: boolean;
  readonly field?: readonly string[];
  readonly typed?: boolean;
  readonly actor?: string;
}

export const put = command<Flags>({
  name: "put",
  summary: "Writes one item, replacing it entirely.",
  details: 'The value is a JSON object; "-" reads it from standard input. An item that exists is replaced without a question.',
  examples: [`put users.mia food '{"text":"likes curry"}'`, `put sessions.42 state '{"step":3}' --ttl 60 --no-index`, "put users.mia profile - < profile.json"],
  opensStore: true,
  changes: true,
  define: (program) =>
    program
      .argument("<namespace>", "labels separated by periods")
      .argument("<key>", "key of the item")
      .argument("<value>", "JSON object, or - for standard input")
      .option("--ttl <minutes>", "minutes that the item lives", anyNumber)
      .option("--no-index", "does not index the item: searches with a query return it without a score")
      .option("--field <path>", "path of a text to embed; may be repeated", (value: string, before: string[] = []) => [...before, value])
      .option("--typed", 'the value holds typed forms, such as {"~date":"2026-01-01T00:00:00.000Z"}')
      .option("--actor <id>", "actor for the audit trail: the user on whose behalf the command runs"),
  run: ({ terminal, args: [namespace, key = "", given = ""], flags }) =>
    withStore(terminal, flags, async (store) => {
      const { ttl, index, field, typed, actor, dryRun, json } = flags;
      const content = given === "-" ? await text(terminal.input) : given;
      const plain = jsonObject(content, "The value");
      const value = typed === true ? decodeValue({ typed: true, bytes: Buffer.from(content) }) : plain;
      const labels = namespaceOf(namespace);
      const before = await store.get(labels, key, { refreshTtl: false });
      const done = before === null ? "created" : "replaced";
      if (dryRun !== true) {
        const view = actor === undefined ? store : store.with({ actor });
        await view.put(labels, key, value, index ? (field === undefined ? undefined : [...field]) : false, ttl === undefined ? {} : { ttl });
      }
      const message = dryRun === true ? `The item would be ${done}. Nothing was changed.` : `The item was ${done}.`;
      await print(terminal, json === true ? JSON.stringify({ namespace: labels, key, [done]: true, dryRun: dryRun === true }) : message);
      return EXIT.ok;
    }),
});
