import { HashEmbeddings, TableEmbeddings, type RecordingEmbeddings } from "./embeddings.ts";

/** Kinds of stores that cases require; the suite creates one store of each kind. */
export type SettingName = "plain" | "compass" | "words";

/** How the store of a setting is configured. */
export interface Setting {
  /** The model; passed to the cases, and to the store if `indexed`. */
  readonly embeddings: RecordingEmbeddings;
  readonly indexed: boolean;
  /** Fields to index; without them, the default of the store (`["$"]`) is tested. */
  readonly fields?: readonly string[];
}

/** Number of the directions `bearing 0`, `bearing 1`, …; each is 1.5° further from `north` than the one before. */
const BEARINGS = 60;

/** Text of the entire value `{ text: "north" }` at the path `$`. */
export const WHOLE_VALUE_TEXT = JSON.stringify({ text: "north" }, null, 2);

/** The vector of `bearing n`. */
export function bearing(step: number): readonly number[] {
  const angle = (step * 1.5 * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle), 0, 0];
}

/** Texts of the compass setting, whose cosines are obvious. Some vectors intentionally do not have length 1. */
const COMPASS: Readonly<Record<string, readonly number[] | Float32Array>> = {
  north: [1, 0, 0, 0],
  east: [0, 1, 0, 0],
  up: [0, 0, 1, 0],
  later: [0, 0, 0, 1],
  south: [-1, 0, 0, 0],
  "north-east": [3, 3, 0, 0],
  "north by east": [0.2, 0.05, 0, 0],
  "east by north": [0.05, 0.2, 0, 0],
  askew: [0.31, -0.47, 0.13, 0.59],
  "7": [0, 0, 1, 0],
  true: [0, 0, 0, 1],
  [WHOLE_VALUE_TEXT]: [0.1, 0.2, 0.3, 0.4],
  constructor: [0, 0, 1, 0],
  "east in single precision": Float32Array.of(0, 1, 0, 0),
  "huge north-east": [1e30, 1e30, 0, 0],
  "tiny north-east": [1e-30, 1e-30, 0, 0],
  "wrong length": [1, 0, 0],
  "beyond single precision": [1e39, 0, 0, 0],
  "not finite": [Number.NaN, 0, 0, 0],
  ...Object.fromEntries(Array.from({ length: BEARINGS }, (_, step) => [`bearing ${step}`, bearing(step)])),
};

/** Creates new settings, so that suites do not share recorded calls of a model. */
export function createSettings(): Readonly<Record<SettingName, Setting>> {
  return {
    plain: { embeddings: new HashEmbeddings(), indexed: false },
    compass: {
      embeddings: new TableEmbeddings({ dims: 4, table: COMPASS }),
      indexed: true,
      fields: ["text", "alt"],
    },
    words: { embeddings: new HashEmbeddings(), indexed: true },
  };
}
