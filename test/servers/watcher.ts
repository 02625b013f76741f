/**
 * The program that stands between a test process and one server. It is the server's parent, and ends the server when
 * its own standard input ends; the kernel closes that pipe however the test process dies, SIGKILL included. It runs in
 * a session of its own, so a Ctrl-C meant for the test process reaches neither it nor the server.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ServerCommand, WatcherEvent, WatcherRequest } from "./watcher-protocol.ts";

/** Longer than Postgres takes over its own SIGQUIT, which is 5 s at most. */
const KILL_DEADLINE_MS = 10_000;

let command: ServerCommand | undefined;
let server: ChildProcess | undefined;
let ending = false;

function report(event: WatcherEvent): void {
  if (!ending) process.stdout.write(`${JSON.stringify(event)}\n`);
}

function start(): void {
  if (command === undefined || server !== undefined) {
    report({ event: "refused", message: command === undefined ? "nothing to start" : "it already runs" });
    return;
  }
  const log = openSync(command.logFile, "a");
  const child = spawn(command.file, command.args, {
    cwd: command.folder,
    env: { ...process.env, ...command.env },
    ...command.user,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.once("error", (error) => {
    if (child.pid !== undefined) return;
    report({ event: "refused", message: error.message });
  });
  if (child.pid === undefined) return;
  server = child;
  report({ event: "started", pid: child.pid });
  child.once("exit", (code, signal) => {
    server = undefined;
    report({ event: "exited", code, signal });
    if (ending) leave();
  });
}

function leave(): void {
  if (command !== undefined) rmSync(command.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.exit(0);
}

// At once, by SIGKILL as a rule: the data go with the server, so there is nothing that an orderly end could save.
function end(): void {
  if (ending) return;
  ending = true;
  if (server === undefined) {
    leave();
    return;
  }
  server.kill(command?.killSignal ?? "SIGKILL");
  setTimeout(() => server?.kill("SIGKILL"), KILL_DEADLINE_MS);
}

function handle(request: WatcherRequest): void {
  switch (request.request) {
    case "watch":
      command = request.command;
      break;
    case "start":
      start();
      break;
    case "signal":
      server?.kill(request.signal);
      break;
  }
}

// A report without a reader (EPIPE) means the same as the end of standard input: the test process has ended.
process.stdout.on("error", end);
process.on("SIGTERM", end);
process.on("SIGINT", end);
process.on("SIGHUP", end);

const requests = createInterface({ input: process.stdin });
requests.on("line", (line) => handle(JSON.parse(line) as WatcherRequest));
requests.on("close", end);
