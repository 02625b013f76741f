/** The examples run without a key, as their commands start them. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, get, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HumanMessage } from "@langchain/core/messages";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../support/readme-blocks.ts";
import { uniqueName } from "../support/stores.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "examples-"));
});
afterAll(() => rm(folder, { recursive: true }));

function storeFile(): string {
  return join(folder, `${uniqueName("example")}.db`);
}

/** Runs an example to its end, against the sources. */
function runExample(path: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const program = `process.argv.splice(2, Infinity, ...${JSON.stringify(args)});\nawait import(${JSON.stringify(`./${path}`)});\n`;
  return runProgram(program, { STORE_FILE: storeFile(), ...env });
}

test("examples that are packages of their own have the same models as the others", async () => {
  for (const name of ["chat-model.ts", "scripted-model.ts"]) {
    const [shared, ...copies] = await Promise.all(["support", "nextjs/lib", "langgraph-server"].map((place) => readFile(join(ROOT, "examples", place, name), "utf8")));
    for (const copy of copies) expect(copy).toBe(shared);
  }
});

test("deepagents: files under /memories/ are items, which another conversation of the same user reads", async () => {
  const output = await runExample("deepagents/agent.ts");
  expect(output).toMatch(/\[mia, thread-2\] What do you know about me\?\n.*\n?Mia is allergic to peanuts/);
  expect(output).toMatch(/\[ana, thread-3\] What do you know about me\?\n {4}→ Error/);
  expect(output).toContain("items: [ 'users mia files /notes.md' ]");
});

test("load-documents: a second run loads only what has changed", async () => {
  const documents = join(folder, "documents");
  await mkdir(join(documents, "sub"), { recursive: true });
  await writeFile(join(documents, "tea.md"), "# Tea\n\nSteep green tea for two minutes.\n\n## Water\n\nUse water of 75 degrees.\n");
  await writeFile(join(documents, "sub", "dog.txt"), "Walk the dog twice a day.\n");
  const env = { STORE_FILE: storeFile() };
  const first = await runExample("load-documents/load.ts", [documents, "How long does tea steep?"], env);
  expect(first).toContain("2 files: 3 chunks loaded, 0 unchanged, 0 deleted.");
  expect(first).toMatch(/How long does tea steep\?\n {2}0\.\d\d {2}tea\.md › Tea/);
  await writeFile(join(documents, "sub", "dog.txt"), "Walk the dog three times a day.\n");
  expect(await runExample("load-documents/load.ts", [documents], env)).toContain("2 files: 1 chunks loaded, 2 unchanged, 1 deleted.");
});

describe("chat service", () => {
  let child: ChildProcess;
  let url: string;
  let output = "";

  beforeAll(async () => {
    child = spawn(process.execPath, ["examples/chat-service/server.ts"], {
      cwd: ROOT,
      env: { ...process.env, OPENAI_API_KEY: "", PORT: "0", STORE_FILE: storeFile(), NODE_OPTIONS: "--import ./test/support/use-sources.ts" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    url = await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
          if (found !== undefined) resolve(found);
        });
      }
      child.on("close", (code) => reject(new Error(`The service exited with ${code}: ${output}`)));
    });
  });
  afterAll(() => child.kill("SIGKILL"));

  function post(user: string | null, body: string): Promise<Response> {
    return fetch(`${url}/chat`, { method: "POST", headers: { "content-type": "application/json", ...(user === null ? {} : { "x-user": user }) }, body });
  }

  async function say(user: string, thread: string, message: string): Promise<string> {
    const events = await (await post(user, JSON.stringify({ thread, message }))).text();
    const tokens = [...events.matchAll(/event: token\ndata: (.*)/g)].map(([, data = ""]) => JSON.parse(data) as string);
    expect(events).toContain("event: done");
    // More than one: the answer is streamed.
    expect(tokens.length).toBeGreaterThan(1);
    return tokens.join("");
  }

  test("remembers across threads, and not across users", async () => {
    expect(await say("mia", "1", "I am allergic to peanuts")).toContain("I will remember that.");
    expect(await say("mia", "2", "Which snacks suit me?")).toBe("You told me: I am allergic to peanuts");
    expect(await say("tom", "1", "Which snacks suit me?")).toBe("I do not know you yet.");
  });

  test("answers many requests at the same time with one store", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => say(`user-${n}`, "1", "Who am I?")));
    expect(new Set(answers)).toEqual(new Set(["I do not know you yet."]));
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("rejects a request without a user, and a body that is none", async () => {
    expect((await post(null, JSON.stringify({ thread: "1", message: "hi" }))).status).toBe(401);
    for (const body of ["", "{", "[]", "{}", '{"thread":"1","message":""}', '{"thread":1,"message":"x"}']) {
      expect((await post("mia", body)).status, body).toBe(400);
    }
  });

  test("completes an answer in flight when it is stopped, and exits with 0, although a client keeps its connection in use", async () => {
    const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const askAgain = (): void => void get(`${url}/health`, { agent }, (response) => response.resume().on("end", askAgain)).on("error", () => agent.destroy());
    const headers = { "content-type": "application/json", "x-user": "mia" };
    const answer = await new Promise<string>((resolve, reject) => {
      const answered = request(`${url}/chat`, { method: "POST", agent, headers }, (response) => {
        child.kill("SIGTERM");
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => resolve(text)).on("end", askAgain);
      });
      answered.on("error", reject).end(JSON.stringify({ thread: "3", message: "Which snacks suit me?" }));
    });
    expect(answer).toContain("event: done");
    expect(await exited).toBe(0);
    expect(output).toContain("Stopped.");
  });
});

describe("Next.js route", () => {
  function chatRequest(user: string | null, body: string): Request {
    return new Request("http://localhost/api/chat", { method: "POST", headers: user === null ? {} : { "x-user": user }, body });
  }

  test("streams the answer of an agent that remembers", async () => {
    process.env["STORE_FILE"] = storeFile();
    process.env["OPENAI_API_KEY"] = "";
    const { POST } = await import("../../examples/nextjs/app/api/chat/route.ts");
    const { chat } = await import("../../examples/nextjs/lib/agent.ts");
    try {
      const say = async (message: string, user = "mia"): Promise<string> => (await POST(chatRequest(user, JSON.stringify({ message })))).text();
      expect(await say("I play chess on Fridays")).toContain("I will remember that.");
      expect(await say("What do I do on Fridays?")).toBe("You told me: I play chess on Fridays");
      expect(await say("What do I do on Fridays?", "tom")).toBe("I do not know you yet.");
      expect((await POST(chatRequest(null, "{}"))).status).toBe(401);
      expect((await POST(chatRequest("mia", "{"))).status).toBe(400);
    } finally {
      await (await chat()).store.stop();
    }
  });
});

test("LangGraph server: the agent of the configuration keeps memories in its own store, whatever store the run has", async () => {
  process.env["STORE_FILE"] = storeFile();
  const { agent, store } = await import("../../examples/langgraph-server/agent.ts");
  try {
    await agent.invoke({ messages: [new HumanMessage("I live in Hamburg")] }, { configurable: { user_id: "mia" } });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("Where do I live?")] }, { configurable: { user_id: "mia" } });
    expect(messages.at(-1)?.text).toBe("You told me: I live in Hamburg");
    expect(await store.count(["users", "mia", "memories"])).toBe(1);
  } finally {
    await store.stop();
  }
});
