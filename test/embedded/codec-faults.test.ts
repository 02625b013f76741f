/** A codec that misbehaves, on the local file. */
import { codecFaultCases } from "../support/codec-faults.ts";
import { makeEmbeddedStore } from "../support/stores.ts";

codecFaultCases(makeEmbeddedStore);
