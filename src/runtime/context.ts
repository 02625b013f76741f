/** What a store keeps for its entire life, across reloads. */
import type { CommonConfig } from "../config/schema.ts";
import { DegradedState } from "../core/degraded-state.ts";
import { VersionClock } from "../model/version-clock.ts";
import { AlertEvents } from "../telemetry/alerts/sources.ts";
import { StoreEvents } from "../telemetry/store-events.ts";
import { StoreLog } from "../telemetry/store-log.ts";
import { Telemetry } from "../telemetry/telemetry.ts";

/** Objects that every runtime of a store uses: listeners, counters and the version clock survive a reload. */
export interface StoreContext {
  readonly log: StoreLog;
  readonly events: StoreEvents;
  readonly telemetry: Telemetry;
  readonly alertEvents: AlertEvents;
  readonly degraded: DegradedState;
  /** One per store: two clocks could assign the same version. */
  readonly clock: VersionClock;
}

/** Creates the context of a new store. */
export function createContext(config: CommonConfig): StoreContext {
  const log = new StoreLog(config);
  const telemetry = new Telemetry(config.telemetry, log);
  const events = new StoreEvents(log, (type) => telemetry.eventEmitted(type));
  const alertEvents = new AlertEvents(events.internal);
  return { log, events, telemetry, alertEvents, degraded: new DegradedState(events), clock: new VersionClock() };
}
