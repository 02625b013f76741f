/** The output of a test run, and a search for secrets of the tests in it. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** File in which the test processes record their secrets; they inherit its path. */
const FILE = "SECRETS_OF_THE_TESTS";

/** Records a secret. The run fails if any process prints it. */
export function noteSecret(text: string): void {
  const file = process.env[FILE];
  if (file !== undefined && text.length > 0) appendFileSync(file, `${JSON.stringify(text)}\n`);
}

/** Captures the output of the run's process, which prints the output of all tests. */
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

  /** Returns the number of recorded secrets, and the redacted parts of the output that contain one. */
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
