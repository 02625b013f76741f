/** All that a run of the tests prints, and whether a secret of the tests stands in it. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where the tests' processes, which inherit it, note their secrets. */
const FILE = "SECRETS_OF_THE_TESTS";

/** Notes that a text is a secret: the run fails if it is printed by any process. */
export function noteSecret(text: string): void {
  const file = process.env[FILE];
  if (file !== undefined && text.length > 0) appendFileSync(file, `${JSON.stringify(text)}\n`);
}

/** What the process of the run prints, from when this is made: the output of all tests is printed by it. */
export class RunOutput {
  readonly #file = join(mkdtempSync(join(tmpdir(), "secrets-of-tests-")), "secrets");
  readonly #printed: string[] = [];

  constructor() {
    process.env[FILE] = this.#file;
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write.bind(stream);
      stream.write = (chunk: unknown, ...rest: never[]) => {
        this.#printed.push(typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString());
        return write(chunk as string, ...rest);
      };
    }
  }

  /** How many secrets were noted, and which parts of the output hold one; these parts do not show it. */
  end(): { readonly secrets: number; readonly leaks: readonly string[] } {
    const lines = existsSync(this.#file) ? readFileSync(this.#file, "utf8").trim().split("\n") : [];
    rmSync(dirname(this.#file), { recursive: true, force: true });
    const printed = this.#printed.join("");
    const secrets = [...new Set(lines.map((line) => String(JSON.parse(line))))];
    const found = secrets.filter((secret) => printed.includes(secret));
    return { secrets: secrets.length, leaks: found.map((secret) => around(printed, secret)) };
  }
}

function around(printed: string, secret: string): string {
  const at = printed.indexOf(secret);
  return printed.slice(Math.max(0, at - 200), at + secret.length + 100).replaceAll(secret, "<secret>");
}
