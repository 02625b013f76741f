/**
 * Verifies that the reads of one key are consistent: a value that was read twice was current during the entire time
 * between. No other value may have been current in that time, and no other write may have begun and ended in it.
 *
 * Each value is written once, so this is the test of Gibbons and Korach for one register. It also verifies interrupted
 * writes: whether they took effect is open until a read returns them.
 */
import type { Sight, Write } from "./history.ts";
import type { KeyWrites } from "./reads.ts";
import type { Violation } from "./violation.ts";

/** The span from the first to the last time at which a value is known to be current. */
interface Zone {
  readonly write: Write;
  readonly from: number;
  readonly to: number;
  /** The read that proves the end. */
  readonly last: Sight;
}

/** Verifies the values, the gets without a result, and the acknowledged writes of one key. */
export function checkRegister(place: string, writes: readonly Write[], key: KeyWrites, sights: readonly Sight[]): Violation[] {
  const zones = zonesOf(key, sights);
  return [...overlaps(place, zones), ...interruptions(place, zones, writes), ...gaps(place, zones, sights)];
}

function zonesOf(key: KeyWrites, sights: readonly Sight[]): Zone[] {
  const reads = new Map<string, Sight[]>();
  for (const sight of sights) {
    if (sight.id === null) continue;
    const list = reads.get(sight.id) ?? [];
    reads.set(sight.id, list);
    list.push(sight);
  }
  const zones: Zone[] = [];
  for (const [id, all] of reads) {
    const write = key.writeOf(id);
    if (write === undefined) continue;
    const last = all.reduce((a, b) => (b.call.start > a.call.start ? b : a));
    const firstEnd = Math.min(...all.map(({ call }) => call.end), write.state === "acknowledged" ? write.call.end : Infinity);
    if (firstEnd < last.call.start) zones.push({ write, from: firstEnd, to: last.call.start, last });
  }
  return zones.sort((a, b) => a.from - b.from);
}

/** Returns two values that were current at the same time. */
function overlaps(place: string, zones: readonly Zone[]): Violation[] {
  const broken: Violation[] = [];
  let widest: Zone | null = null;
  for (const zone of zones) {
    if (widest !== null && zone.from < widest.to) {
      const message = `${place}: ${widest.write.id} was read again after ${zone.write.id}, of which only one can be the newer`;
      broken.push({ rule: "went back", message, call: widest.last.call, around: [widest.write, zone.write] });
    }
    if (widest === null || zone.to > widest.to) widest = zone;
  }
  return broken;
}

/** Returns acknowledged writes that began and ended while another value was current. */
function interruptions(place: string, zones: readonly Zone[], writes: readonly Write[]): Violation[] {
  return zones.flatMap((zone) =>
    writes
      .filter(
        ({ call, state, id }) =>
          state === "acknowledged" && id !== zone.write.id && call.start > zone.from && call.end < zone.to,
      )
      .map((write): Violation => {
        const message = `${place}: ${zone.write.id} was read before and after ${write.id ?? "a delete"} was acknowledged`;
        return { rule: "overwritten by an older one", message, call: zone.last.call, around: [zone.write, write] };
      }),
  );
}

/** Returns gets without a result while a value without expiry was current. */
function gaps(place: string, zones: readonly Zone[], sights: readonly Sight[]): Violation[] {
  const empty = sights.filter(({ id, route }) => id === null && route === "get");
  return zones
    .filter(({ write }) => write.ttlMs === null && write.until === null)
    .flatMap((zone) =>
      empty
        .filter(({ call }) => call.start > zone.from && call.end < zone.to)
        .map(({ call }): Violation => {
          const message = `${place}: nothing was found although ${zone.write.id} was read before and after`;
          return { rule: "vanished for a while", message, call, around: [zone.write] };
        }),
    );
}
