import { expect, test } from "vitest";
import { writtenPage } from "../../../scripts/cli-docs.ts";

test("docs/cli.md lists every command and flag as the program has them", async () => {
  expect((await writtenPage()).isStale).toBe(false);
});
