/** The embedder of commands in tests: the same in every process. */
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

export default new HashEmbeddings();
