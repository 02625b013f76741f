/** Puts the text of the database thread into the module that starts it: in the build, and in tests. */
import { rolldown } from "rolldown";
import type { VitestPluginContext } from "vitest/node";

/**
 * Returns a plugin for Rolldown and Vite. With it, a bundle of an application contains the program of the thread. Tests need it for another
 * reason as well: a thread that loads TypeScript strips its types by WebAssembly, and V8 now and then ends a process in which many threads
 * do so (`Check failed: jit_page.has_value()`, or SIGSEGV).
 */
export function embedWorker() {
  return {
    name: "embed-worker",
    /** Vitest keeps modules by their own text alone; this one depends on all files of the thread. */
    configureVitest({ defineCacheKeyGenerator }: Pick<VitestPluginContext, "defineCacheKeyGenerator">): void {
      defineCacheKeyGenerator(({ id }) => (/sqlite\/worker-program\.ts$/.test(id) ? false : undefined));
    },
    load: {
      filter: { id: /sqlite\/worker-program\.ts$/ },
      async handler(id: string): Promise<string> {
        const worker = await rolldown({ input: id.replace("worker-program.ts", "worker.ts"), platform: "node" });
        const { output } = await worker.generate({ format: "cjs", codeSplitting: false, minify: true });
        await worker.close();
        return `export const workerProgram = () => ${JSON.stringify(output[0].code)};`;
      },
    },
  };
}
