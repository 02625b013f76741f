/** Factors of a score: by age, and by a number in the value. */
import { FieldPaths } from "../../model/field-paths.ts";
import { updatedOf, type LiveRecord, type Value } from "../../model/item.ts";
import type { Boost, Decay } from "../../model/ranking-options.ts";
import { isDate } from "../../model/realms.ts";

const DAY_MS = 86_400_000;

/** Largest factor of a boost: one item with a huge number must not hide all others. */
const MAX_BOOST = 10;

/** Returns a function from an item to its factor. */
export type FactorOf = (record: LiveRecord, value: Value) => number;

/** Returns factors from 1 (now, or in the future) towards 0; 0.5 after the half-life. */
export function decayFactor({ halfLifeDays, field = "updatedAt" }: Decay, now: number): FactorOf {
  const dateIn = field === "createdAt" || field === "updatedAt" ? null : fieldAt(field);
  return (record, value) => {
    const created = toMs(record.created);
    const date = dateIn === null ? (field === "createdAt" ? created : toMs(updatedOf(record))) : (timeOf(dateIn(value)) ?? created);
    return 0.5 ** (Math.max(0, now - date) / DAY_MS / halfLifeDays);
  };
}

/** Returns factors from 1 to 10; 1 for an item without a positive number at the path. */
export function boostFactor({ field, weight }: Boost): FactorOf {
  const numberIn = fieldAt(field);
  return (_record, value) => {
    const given = numberIn(value);
    const number = given === true ? 1 : typeof given === "bigint" ? Number(given) : given;
    // 0 times Infinity is not a number.
    return typeof number === "number" && number > 0 && weight > 0 ? Math.min(MAX_BOOST, 1 + weight * number) : 1;
  };
}

/** Returns a score times a factor. A negative score, which a factor below 1 would raise, is lowered by as much. */
export function scaled(score: number, factor: number): number {
  if (score >= 0) return score * factor;
  return factor <= 1 ? score * (2 - factor) : score / factor;
}

function fieldAt(path: string): (value: Value) => unknown {
  const paths = new FieldPaths();
  const position = paths.add(path);
  return (value) => paths.find(value)[position];
}

/** Whole milliseconds: with a long half-life, a difference of microseconds is smaller than rounding errors, which change with the age. */
function toMs(microseconds: number): number {
  return Math.floor(microseconds / 1000);
}

/** Returns the time of a date, milliseconds since the epoch; null for anything else. */
function timeOf(given: unknown): number | null {
  const time = isDate(given) ? given.getTime() : typeof given === "string" ? timeOfText(given) : given;
  return typeof time === "number" && Number.isFinite(time) ? time : null;
}

/** Other texts would be read by the rules of the engine, as local time. */
const ISO_DATE = /^\d{4}-\d{2}-\d{2}(?<time>T[\d:.,]{1,20}(?<zone>Z|[+-][\d:]{2,5})?)?$/;

function timeOfText(text: string): number | null {
  const { time, zone } = ISO_DATE.exec(text)?.groups ?? {};
  // Every process has to rank alike, whatever its zone: a time without a zone is in UTC.
  if (time !== undefined && zone === undefined) return Date.parse(`${text}Z`);
  return ISO_DATE.test(text) ? Date.parse(text) : null;
}
