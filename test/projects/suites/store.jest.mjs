import { jest } from "@jest/globals";
import * as store from "langgraph-store-scylladb";
import suite from "./body.cjs";

suite(store, jest);
