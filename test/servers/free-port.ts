import { createServer } from "node:net";

// Below the range from which Linux (32768 up) and macOS (49152 up) draw ports for outgoing connections, so that between
// the check and the server's own bind no client socket of another test can land on the port.
const LOWEST = 20_000;
const HIGHEST = 31_999;
const ATTEMPTS = 50;

const handedOut = new Set<number>();

/**
 * Finds a TCP port that is free on every given address at the moment of asking, and that this process has not handed
 * out before.
 *
 * @param hosts addresses of this machine on which the port must be free
 * @throws Error naming the address where it does not belong to this machine (macOS has only 127.0.0.1 by default)
 */
export async function freePort(hosts: readonly string[] = ["127.0.0.1"]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (handedOut.has(port)) continue;
    const free = await Promise.all(hosts.map((host) => isFree(host, port)));
    if (!free.every(Boolean)) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} on ${hosts.join(", ")} in ${ATTEMPTS} attempts`);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else if (error.code === "EADDRNOTAVAIL") {
        reject(new Error(`${host} is not an address of this machine (macOS: sudo ifconfig lo0 alias ${host})`));
      } else reject(error);
    });
    listener.listen({ host, port, exclusive: true }, () => listener.close(() => resolve(true)));
  });
}
