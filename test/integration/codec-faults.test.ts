/** A codec that misbehaves, on servers. */
import { inject } from "vitest";
import { codecFaultCases } from "../support/codec-faults.ts";
import { onServers } from "../support/stores.ts";

codecFaultCases(onServers(inject("servers")));
