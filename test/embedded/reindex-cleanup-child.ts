/** A process that removes the previous index of a local file; the test kills it. */
import { openReindexed } from "../fault/drills/reindex-config.ts";

const { store } = await openReindexed({ path: process.argv[2] ?? "" });
await store.reindexCleanup();
await store.stop();
