import type { PinnedPackage, Project } from "./project.ts";

/** One row of the table: something that users do with the package. */
export interface Check {
  readonly name: string;
  /** Whether a check needs the servers of the environment. */
  readonly needsServers?: boolean;
  /** Runs the check; rejects when it fails. Resolves to a note for the table, such as a size. */
  run(project: Project): Promise<string | void>;
}

/** The checks that share one project. */
export interface Trial {
  /** What `--only` selects. */
  readonly name: string;
  readonly packages: readonly PinnedPackage[];
  /** Folders of `test/projects` that are copied into the project. */
  readonly folders: readonly string[];
  readonly checks: readonly Check[];
}
