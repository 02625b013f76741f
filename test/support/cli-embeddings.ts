/** The embedder of commands in tests, equal in every process. */
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

export default new HashEmbeddings();
