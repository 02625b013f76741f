/** Saves of memories by several processes at the same time, whichever backend they share. */
import type { ScyllaDBStore } from "langgraph-store-scylladb";
import { createMemoryTools } from "langgraph-store-scylladb/tools";
import { expect, test } from "vitest";
import { uniqueName } from "./stores.ts";

/** Opens one store twice, as two processes do. */
type WithTwo = (use: (first: ScyllaDBStore, second: ScyllaDBStore) => Promise<void>) => Promise<void>;

type Save = (memory: string, id?: string) => Promise<{ readonly status: string; readonly id: string; readonly previous?: unknown }>;

/** The tool of one process: saves are only put in order by the tools that share it. */
function saveTool(store: ScyllaDBStore, user: string, duplicateThreshold?: false): Save {
  const [save] = createMemoryTools({ namespace: ["users", "{user_id}", "memories"], store, ...(duplicateThreshold === undefined ? {} : { duplicateThreshold }) });
  return async (memory, id) => JSON.parse((await save?.invoke({ memory, ...(id === undefined ? {} : { id }) }, { configurable: { user_id: user } })) as string) as Awaited<ReturnType<Save>>;
}

/** Registers the tests. */
export function memorySaves(withTwo: WithTwo): void {
  test.each([undefined, false] as const)("two processes that save an equal memory at the same moment store it once (duplicateThreshold %s)", async (threshold) => {
    await withTwo(async (first, second) => {
      const user = uniqueName("user");
      const saves = [first, second].map((store) => saveTool(store, user, threshold));
      for (let round = 0; round < 5; round += 1) {
        const memory = `Mia plays ${["tennis", "chess", "golf", "poker", "rugby"][round]} on day ${round}`;
        const [one, other] = await Promise.all(saves.map((save) => save(memory)));
        expect(one?.id).toBe(other?.id);
        expect((await first.search(["users", user], { filter: { text: memory } })).map(({ key }) => key)).toEqual([one?.id]);
      }
    });
  });

  test("two processes that save paraphrases at the same moment keep one of them, and say which it replaced", async () => {
    await withTwo(async (first, second) => {
      for (let round = 0; round < 5; round += 1) {
        const user = uniqueName("user");
        const saves = [first, second].map((store) => saveTool(store, user));
        const sport = ["tennis", "chess", "golf", "poker", "rugby"][round];
        // Of the same words, so that the test's embedder finds them alike.
        const memories = [`Mia plays ${sport} on Mondays`, `on Mondays Mia plays ${sport}`];
        const outcomes = await Promise.all(saves.map((save, i) => save(memories[i] ?? "")));
        const kept = await first.search(["users", user]);
        expect(kept, `round ${round}`).toHaveLength(1);
        expect(memories).toContain(kept[0]?.value["text"]);
        // The one that compared last reports what it replaced.
        const updated = outcomes.filter(({ status }) => status === "updated");
        expect(updated.length).toBeGreaterThan(0);
        for (const { id, previous } of updated) {
          expect(id).toBe(kept[0]?.key);
          expect(memories).toContain(previous);
        }
      }
    });
  });

  test("several processes that save paraphrases at the same moment leave one that a later save finds", async () => {
    await withTwo(async (first, second) => {
      const user = uniqueName("user");
      const words = ["Mia", "plays", "tennis", "on", "Mondays", "downtown"];
      const memories = words.map((_, i) => [...words.slice(i), ...words.slice(0, i)].join(" "));
      const outcomes = await Promise.all(memories.map((memory, i) => saveTool(i % 2 === 0 ? first : second, user)(memory)));
      expect(outcomes).toHaveLength(6);
      const later = await saveTool(first, user)("tennis on Mondays downtown Mia plays");
      expect(["updated", "unchanged"]).toContain(later.status);
      expect((await first.search(["users", user])).map(({ key }) => key)).toContain(later.id);
    });
  });

  test("a memory that was corrected by its id is not overwritten by a save of its earlier text", async () => {
    await withTwo(async (first, second) => {
      const user = uniqueName("user");
      const { id } = await saveTool(first, user)("Mia lives in Berlin");
      await saveTool(first, user)("Rex is a dog of nine years", id);
      const again = await saveTool(second, user)("Mia lives in Berlin");
      expect(again.status).toBe("saved");
      expect(again.id).not.toBe(id);
      expect((await first.search(["users", user])).map(({ value }) => String(value["text"])).sort()).toEqual(["Mia lives in Berlin", "Rex is a dog of nine years"]);
      expect((await saveTool(first, user)("Mia lives in Berlin")).status).toBe("unchanged");
    });
  });
}
