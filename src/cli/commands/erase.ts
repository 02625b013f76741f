import { ConfigurationError } from "../../model/errors.ts";
import { jsonObject, prefixOf } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { openOutputFile } from "../output-file.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { confirm, note, print } from "../terminal.ts";
import type { EraseOptions, EraseReport } from "../../operator/erase-report.ts";

interface Flags {
  readonly prefix?: string;
  readonly where?: string;
  readonly everything?: boolean;
  readonly audit?: boolean;
  readonly auditActor?: readonly string[];
  readonly actor?: string;
  readonly report?: string;
}

/** Flags that say what to erase. */
interface Subject {
  readonly where: string | undefined;
  readonly everything: boolean | undefined;
  readonly audit: boolean | undefined;
  readonly auditActor: readonly string[] | undefined;
  readonly actor: string | undefined;
}

export const eraseCommand = command<Flags>({
  name: "erase",
  summary: "Erases the data of a subject, and writes a report: the items below a namespace, or those that match a filter.",
  details:
    "Deletes records, vectors, listing and registry entries, then scans all tables and collections for data that is left. The report lists what was erased, what was written while the command ran, and " +
    "what remains in files and for how long; it has a digest. Exit code 1 when data is left: run it again. With --audit, namespace, key and actor are deleted from the entries of the " +
    "audit trail for the erased items.",
  examples: ["erase --prefix users.mia --dry-run", "erase --prefix users.mia --yes --report mia.json", "erase --prefix users.mia --audit --audit-actor mia@example.com", `erase --prefix users --where '{"email":"mia@example.com"}'`],
  opensStore: true,
  changes: true,
  stopsAfterPart: true,
  define: (program) =>
    program
      .option("--prefix <namespace>", "erases the items at and below this namespace")
      .option("--where <json>", `erases only items whose values match: '{"email":"mia@example.com"}'`)
      .option("--everything", "required without --prefix")
      .option("--audit", "also deletes namespace, key and actor from the audit entries of the erased items")
      .option(
        "--audit-actor <id>",
        "with --audit: an actor that is the subject, deleted from all entries; may be repeated. Labels of the namespaces are deleted without it",
        (value: string, before: string[] = []) => [...before, value],
      )
      .option("--actor <id>", "actor for the audit trail: the user on whose behalf the command runs")
      .option("--report <file>", "also writes the report to this file, as JSON"),
  run: ({ terminal, program, given, flags: { prefix, where, everything, audit, auditActor, actor, report: file, dryRun = false, yes, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const labels = prefixOf(prefix);
      if (labels.length === 0 && everything !== true) throw new ConfigurationError("erase requires --prefix <namespace>. To erase in all namespaces, add --everything.");
      const subject = `${where === undefined ? "all items" : "the matching items"} ${labels.length === 0 ? "of the entire store" : `below ${labels.join(".")}`}`;
      if (!dryRun && yes !== true && !(await confirm(terminal, `Erase ${subject}? This cannot be undone.`))) {
        note(terminal, "Nothing was changed.");
        return EXIT.problem;
      }
      const output = file === undefined ? null : await openOutputFile(file, "--report");
      const progress = new Progress(terminal, "Erasing");
      const onProgress: EraseOptions["onProgress"] = ({ done, items }) => progress.report(done, `${items} items`);
      const options: EraseOptions = { prefix: labels, dryRun, onProgress, signal: terminal.signal, ...subjectOf({ where, everything, audit, auditActor, actor }) };
      const report = await continuable({ terminal, program, given }, { kept: dryRun ? "" : "What was erased stays erased.", hasResume: false, progress }, () =>
        store.erase(options).finally(() => progress.stop()),
      );
      await output?.writeFile(`${JSON.stringify(report, null, 2)}\n`);
      await output?.close();
      if (json === true) await print(terminal, JSON.stringify(report));
      else for (const line of linesOf(report)) await print(terminal, line);
      if (json !== true) for (const { where: place, what, until, force } of report.remains) note(terminal, `Remains in ${place}: ${what}, until ${until}. ${force}`);
      return dryRun || report.complete ? EXIT.ok : EXIT.problem;
    }),
});

function subjectOf({ where, everything, audit, auditActor, actor }: Subject): Partial<EraseOptions> {
  return {
    ...(where === undefined ? {} : { where: jsonObject(where, "--where") }),
    ...(everything === undefined ? {} : { everything }),
    ...(audit === undefined ? {} : { audit }),
    ...(auditActor === undefined ? {} : { auditActors: [...auditActor] }),
    ...(actor === undefined ? {} : { actor }),
  };
}

function linesOf({ erased, left, audit, complete, digest }: EraseReport): string[] {
  const entries = audit === null ? {} : { auditEntries: audit.entries, incompleteAuditLines: audit.incomplete, ...(audit.failed === null ? {} : { auditFailed: audit.failed }) };
  return fieldLines({ ...erased, ...left, ...entries, complete: String(complete), digest });
}
