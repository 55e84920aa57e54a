// A Dockerfile as its tests see it: the instructions of each stage.

export interface Instruction {
  /** In capitals. */
  name: string;
  /** With single spaces, in one line. */
  value: string;
}

/** Stages begin with their FROM; comments are left out, lines that end in a backslash go on in the next. */
export function dockerfile(text: string): Instruction[][] {
  const lines = text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n");
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = "", value = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === "") throw new Error(`this is no instruction: ${line}`);
    if (name === "FROM") stages.push([]);
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${name} comes before the first FROM`);
    stage.push({ name, value: value.trim() });
  }
  return stages;
}
