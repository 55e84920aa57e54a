// What is wrong with the configuration, all of it at once. No problem's text ever holds a value that may be secret.

export class ConfigError extends Error {
  /** One line each, beginning with the key path or the variable at fault. */
  readonly problems: readonly string[];

  /** `source` is where the problems lie, e.g. the path of the config file. */
  constructor(problems: readonly string[], source?: string | null) {
    const where = source == null ? "The configuration" : `The configuration (${source})`;
    super(
      problems.length === 1
        ? `${where} has a problem: ${problems[0]}`
        : `${where} has ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}
