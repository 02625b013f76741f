import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Analyzer } from "../../../../src/core/keywords/analyzer.ts";
import { loadLanguage } from "../../../../src/core/keywords/languages.ts";
import { KEYWORD_LANGUAGES, type KeywordLanguage } from "../../../../src/model/keyword-language.ts";

const english = await Analyzer.of("english");

/** Whether a query finds a record at all: they have a term in common. */
function matches(text: string, query: string, analyzer = english): boolean {
  const record = new Set(analyzer.weigh([text])?.terms);
  return analyzer.query(query).terms.some((term) => record.has(term));
}

test("a number is its own stem and no stop word in any language", async () => {
  for (const name of KEYWORD_LANGUAGES) {
    const { stem, stopWords } = await loadLanguage(name);
    const numbers = Array.from({ length: 2_000 }, (_, i) => String(i < 1_000 ? i : i * 7_919_317));
    expect(numbers.filter((number) => stem(number) !== number || stopWords.includes(number)), name).toEqual([]);
  }
});

test("a word whose stem the library cannot compute is its own stem", async () => {
  const bulgarian = await Analyzer.of("bulgarian");
  expect(matches("Мария купи зелен чай", "зелен", bulgarian)).toBe(true);
});

test("accents beyond those of any language do not count", () => {
  expect(matches(`a${"\u0301".repeat(40)}${"\u0323".repeat(8_000)}`, `a${"\u0301".repeat(30)}`)).toBe(true);
});

describe("a query finds a record", () => {
  test.each([
    ["English, another form of the word", "She was painting a sunrise", "Who paints?", "english"],
    ["English, typographic apostrophe", "It’s Caroline’s necklace", "caroline's", "english"],
    ["an identifier", "order A-4471 shipped", "a-4471", "english"],
    ["other case", "STRASSE", "strasse", "english"],
    ["French, without accents", "Marie préfère le café", "cafe", "english"],
    ["French, with accents", "Marie prefere le cafe", "café", "french"],
    ["French, elision", "l'avion est parti", "avion", "french"],
    ["German, sharp s", "Die Straße ist lang", "strasse", "german"],
    ["German, sharp s in the query", "DIE STRASSE", "Straße", "german"],
    ["Turkish, dotted capital in an English store", "İstanbul", "istanbul", "english"],
    ["Turkish, capitals", "ISPARTA", "ısparta", "turkish"],
    ["Portuguese, plural with accents", "informações úteis", "informação", "portuguese"],
    ["Portuguese, written without accents", "informação", "informacao", "portuguese"],
    ["Russian, another case", "книги на столе", "книга", "russian"],
    ["Russian, ё written as е", "ёлка", "елка", "russian"],
    ["Greek, without accent, other end", "ΛΟΓΟΣ", "λόγος", "greek"],
    ["Arabic with vowel points", "كِتَاب", "كتاب", "arabic"],
    ["Chinese", "我喜欢吃泰国菜", "泰国菜", "english"],
    ["Chinese, one character", "我喜欢猫", "猫", "english"],
    ["Japanese", "彼女は京都に住んでいます", "京都", "english"],
    ["Japanese, half-width kana", "コーヒーが好き", "ｺｰﾋｰ", "english"],
    ["Thai", "ฉันชอบกินข้าวผัด", "ข้าวผัด", "english"],
    ["Korean with an ending", "저는 서울에서 일합니다", "서울", "english"],
    ["full-width Latin", "ＴＯＫＹＯ tower", "tokyo", "english"],
    ["mixed scripts in one word", "新しいiPhone15を買った", "iphone15", "english"],
    ["without a language", "Hunde bellen", "hunde", "none"],
  ] as const)("%s", async (_case, text, query, language) => {
    expect(matches(text, query, await Analyzer.of(language))).toBe(true);
  });

  test.each([
    ["stop words in common", "it is what it was", "what is it?"],
    ["Chinese, no pair in common", "我喜欢吃泰国菜", "北京烤鸭"],
    ["Thai, another dish", "ฉันชอบกินข้าวผัด", "ต้มยำกุ้ง"],
    ["a word inside another", "cartography", "graph"],
  ])("never by %s", (_case, text, query) => {
    expect(matches(text, query)).toBe(false);
  });
});

test("punctuation, symbols and blanks have no terms", () => {
  for (const text of ["", "  ", "?!.,;", "🎉🎉", "\"'’", "-- ; () *", "​"]) {
    expect(english.query(text)).toEqual({ terms: [], truncated: false });
    expect(english.weigh([text])).toBeNull();
  }
});

test("syntax of databases is text", () => {
  const { terms } = english.query('"tea" AND NOT coffee* NEAR(milk, 5) ^ col:x {"must":[]} \'; DROP TABLE items; --');
  const words = english.query("tea AND NOT coffee NEAR milk 5 col x must DROP TABLE items");
  expect(terms).toEqual(words.terms);
});

test("a query of 100,000 characters is cut, and reported as such", () => {
  const long = Array.from({ length: 20_000 }, (_, i) => `word${i}`).join(" ").slice(0, 100_000);
  expect(english.query(long)).toMatchObject({ truncated: true });
  expect(english.query(long).terms).toHaveLength(64);
  expect(english.query("汉字测试".repeat(25_000)).truncated).toBe(true);
  expect(english.query("x".repeat(100_000)).terms).toHaveLength(1);
});

test("a record has so many terms at most, whatever its texts", () => {
  const texts = Array.from({ length: 200_000 }, (_, i) => `w${i}`).join(" ");
  expect(english.weigh([texts])?.terms).toHaveLength(8_192);
  expect(english.weigh(["猫".repeat(1_000_000)])?.terms).toHaveLength(2);
});

test("terms count less in longer texts, more when repeated, and less with each repetition", () => {
  const weight = (text: string): number => english.weigh([text])?.weights[0] ?? 0;
  const [once, twice, thrice] = [weight("tea"), weight("tea tea"), weight("tea tea tea")];
  expect(twice).toBeGreaterThan(once);
  expect(thrice - twice).toBeLessThan(twice - once);
  expect(weight(`tea ${"milk ".repeat(300)}`)).toBeLessThan(once);
});

test("terms are the same in every version: they are stored", () => {
  expect(english.query("painting tea 泰国").terms).toEqual([2_593_981_612, 3_908_727_473, 2_967_232_525]);
});

/** Random words of several scripts: stemmers look for endings. */
const words = fc.array(fc.constantFrom(..."абвгдежзийклмнопрстуюяabcdefgäöüßéñαβγδεابتثजकखمना "), { maxLength: 60 }).map((letters) => letters.join(""));

test.each(KEYWORD_LANGUAGES)("%s: any text has distinct terms with positive weights, and finds itself", async (language: KeywordLanguage) => {
  const analyzer = await Analyzer.of(language);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.string({ unit: "binary", maxLength: 60 }), fc.lorem({ maxCount: 8 }), words), (text) => {
      const { terms, weights } = analyzer.weigh([text]) ?? { terms: [], weights: [] };
      expect(new Set(terms).size).toBe(terms.length);
      expect(weights).toHaveLength(terms.length);
      expect(weights.every((weight) => weight > 0 && weight < 3)).toBe(true);
      expect(terms.every((term) => Number.isInteger(term) && term >= 0 && term < 2 ** 32)).toBe(true);
      const query = analyzer.query(text);
      expect(query.terms.every((term) => terms.includes(term))).toBe(true);
      expect(query.terms.length > 0).toBe(terms.length > 0);
    }),
    { numRuns: 100 },
  );
});

describe("long texts", () => {
  const chars = 131_072;
  /** Texts that take long for their length. */
  const costly: Readonly<Record<string, string>> = {
    "distinct words": Array.from({ length: chars / 7 }, (_, i) => i.toString(36).padStart(6, "q")).join(" "),
    "characters that are normalized to 18": "\uFDFA".repeat(chars),
    "words of one character that a dictionary divides": "\u1000 ".repeat(chars / 2),
    "words with accents": Array.from({ length: chars / 8 }, (_, i) => `\u00e9${i.toString(36).padStart(6, "\u00fc")}`).join(" "),
    "Thai without spaces": "\u0e09\u0e31\u0e19\u0e0a\u0e2d\u0e1a\u0e01\u0e34\u0e19".repeat(chars / 9),
    Chinese: "\u6211\u559c\u6b22\u5403\u6cf0\u56fd\u83dc".repeat(chars / 7),
  };

  test.each(Object.entries(costly))("%s: leave turns of the event loop to others, and have the same terms", async (_, text) => {
    const longest = await longestStep(() => english.weighInSteps([text]));
    expect(longest.result).toEqual(english.weigh([text]));
    // A fast machine needs few steps.
    expect(longest.turns).toBeGreaterThan(0);
    // CPU time of this thread; a step is far shorter than the 100 ms that a call may take.
    expect(longest.ms).toBeLessThan(60);
  });

  test("short texts are analyzed at once", () => {
    expect(english.weighInSteps(["green tea"])).toEqual(english.weigh(["green tea"]));
  });

  test("a word at the end of a step is not divided", () => {
    const words = Array.from({ length: 40_000 }, (_, i) => ["painting", "rivers", "cafe"][i % 3]).join(" ").slice(0, chars).replace(/ \S*$/, "");
    expect([...(english.weigh([words])?.terms ?? [])].sort()).toEqual([...(english.weigh(["painting rivers cafe"])?.terms ?? [])].sort());
  });
});

/** Returns the result of a task, the turns of the event loop meanwhile, and the longest CPU time of this thread between two of them. */
async function longestStep<T>(task: () => T | Promise<T>): Promise<{ result: T; turns: number; ms: number }> {
  const cpu = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let [last, ms, turns, isOver] = [cpu(), 0, 0, false];
  const turn = (): void => {
    turns += 1;
    const now = cpu();
    ms = Math.max(ms, now - last);
    last = now;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  last = cpu();
  const result = await task();
  isOver = true;
  ms = Math.max(ms, cpu() - last);
  return { result, turns, ms };
}
