/** A user of the operating system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** The server that the watcher runs, once per start request. */
export interface ServerCommand {
  /** The server's name in messages, for example "Qdrant". */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Variables on top of the caller's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory and home of all of the server's data; the watcher removes it when its own life ends. */
  readonly folder: string;
  /** The server's standard output and error are appended here. */
  readonly logFile: string;
  /** User that the server runs as, which requires root. Default: the caller's user. */
  readonly user?: SystemUser;
  /**
   * Signal that ends the server at once. Default: SIGKILL. A server of several processes needs a signal that
   * takes them all with it.
   */
  readonly killSignal?: NodeJS.Signals;
}

/** One line of JSON on the watcher's standard input. Its end means: end the server now and remove its folder. */
export type WatcherRequest =
  | { readonly request: "watch"; readonly command: ServerCommand }
  | { readonly request: "start" }
  | { readonly request: "signal"; readonly signal: NodeJS.Signals };

/** One line of JSON on the watcher's standard output. */
export type WatcherEvent =
  | { readonly event: "started"; readonly pid: number }
  | { readonly event: "refused"; readonly message: string }
  | { readonly event: "exited"; readonly code: number | null; readonly signal: NodeJS.Signals | null };
