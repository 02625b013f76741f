/** Test runners: the suite of a user runs, also with faked timers. */
import type { Check, Trial } from "./trial.ts";

function jest(name: string, pattern: string, env: NodeJS.ProcessEnv): Check {
  return {
    name,
    async run(project) {
      const config = JSON.stringify({ testMatch: [`**/${pattern}`], testEnvironment: "node", transform: {} });
      await project.run("node", ["node_modules/jest/bin/jest.js", "--ci", "--config", config], { env });
    },
  };
}

function vitest(pool: string): Check {
  return {
    name: `Vitest, ${pool}`,
    async run(project) {
      await project.run("node", ["node_modules/vitest/vitest.mjs", "run", "--globals", `--pool=${pool}`, "--config", "vitest.config.mjs", "store.vitest.mjs"]);
    },
  };
}

/** The test runners. */
export const RUNNERS: readonly Trial[] = [
  {
    name: "jest",
    packages: ["jest", "@langchain/langgraph"],
    folders: ["suites"],
    checks: [
      jest("Jest, CommonJS", "store.test.cjs", {}),
      jest("Jest, ES modules", "store.jest.mjs", { NODE_OPTIONS: "--experimental-vm-modules" }),
    ],
  },
  {
    name: "vitest",
    packages: ["vitest", "fast-check", "@langchain/langgraph"],
    folders: ["suites"],
    checks: [vitest("threads"), vitest("forks"), vitest("vmThreads")],
  },
];
