import { connect } from "node:net";

// Version 4 request, no flags, stream 0, opcode OPTIONS, empty body; the answer to it needs no login.
const OPTIONS_REQUEST = Buffer.from([0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00]);
const SUPPORTED = 0x06;
const OPCODE_AT = 4;
const ANSWER_DEADLINE_MS = 2_000;

/**
 * Returns whether a CQL server answers an OPTIONS request at the address within 2 s. An open
 * port alone is not enough, since Docker's port proxy listens before the server does.
 */
export function speaksCql(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let opcode: number | undefined;
    let received = 0;
    socket.setTimeout(ANSWER_DEADLINE_MS, () => socket.destroy());
    socket.on("connect", () => socket.write(OPTIONS_REQUEST));
    socket.on("data", (chunk: Buffer) => {
      if (received <= OPCODE_AT) opcode = chunk[OPCODE_AT - received];
      received += chunk.length;
      if (received > OPCODE_AT) socket.destroy();
    });
    // A refused or reset connection closes the socket too; what matters is whether the answer came before.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(opcode === SUPPORTED));
  });
}
