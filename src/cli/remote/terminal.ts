// The terminal that a command runs in: how wide it is, whether it shows colours, and what is typed or piped into it.
import { createInterface } from "node:readline/promises";
import { isColourRefused } from "../../config/remote-server.ts";
import type { TableStyle } from "./table.ts";

export interface Terminal {
  style: TableStyle;
  /** Somebody is there to be asked. */
  isInteractive: boolean;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** One line that is typed in answer. */
  ask(question: string): Promise<string>;
}

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // `headgate keys list | head` closes the pipe: that is no failure
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    style: { width: stdout.isTTY ? stdout.columns : null, colours: stdout.isTTY === true && !isColourRefused() },
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    async readInput() {
      const chunks: Buffer[] = [];
      for await (const chunk of stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    },
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
