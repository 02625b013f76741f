import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Analyzer } from "../../../../src/core/keywords/analyzer.ts";
import { KEYWORD_LANGUAGES, type KeywordLanguage } from "../../../../src/model/keyword-language.ts";

const english = await Analyzer.of("english");

/** Whether a query finds a record at all: they have a term in common. */
function matches(text: string, query: string, analyzer = english): boolean {
  const record = new Set(analyzer.weigh([text])?.terms);
  return analyzer.query(query).terms.some((term) => record.has(term));
}

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

test.each(KEYWORD_LANGUAGES)("%s: any text has distinct terms with positive weights, and finds itself", async (language: KeywordLanguage) => {
  const analyzer = await Analyzer.of(language);
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.string({ unit: "binary", maxLength: 60 }), fc.lorem({ maxCount: 8 })), (text) => {
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
