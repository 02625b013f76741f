import * as store from "langgraph-store-scylladb";
import suite from "./body.cjs";
import { vi } from "vitest";

suite(store, vi);
