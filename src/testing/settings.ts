import { HashEmbeddings, TableEmbeddings, type RecordingEmbeddings } from "./embeddings.ts";

/** Kinds of store that the cases ask a harness for; one store of each is made for the whole suite. */
export type SettingName = "plain" | "compass" | "words";

/** How the store of a setting is configured. */
export interface Setting {
  /** The model; handed to the cases, and to the store where `indexed`. */
  readonly embeddings: RecordingEmbeddings;
  readonly indexed: boolean;
  /** Fields to index; absent, the store's own default (`["$"]`) is under test. */
  readonly fields?: readonly string[];
}

/** Number of the directions `bearing 0`, `bearing 1`, …; each is 1.5° further from `north` than the one before. */
const BEARINGS = 60;

/** Text of the whole value `{ text: "north" }`, as `$` renders it. */
export const WHOLE_VALUE_TEXT = JSON.stringify({ text: "north" }, null, 2);

/** The vector of `bearing n`. */
export function bearing(step: number): readonly number[] {
  const angle = (step * 1.5 * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle), 0, 0];
}

/** Texts of the compass setting: places whose cosines can be told by looking. Some are not of length 1 on purpose. */
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

/** Makes the settings anew, so that no two suites share the memory of a model. */
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
