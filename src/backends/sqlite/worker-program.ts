/**
 * The program of the database thread. The build puts the text of the program here in place of the file, because bundlers leave
 * out files that are found at run time.
 */
export const workerProgram = (): URL | string => new URL("./worker.ts", import.meta.url);
