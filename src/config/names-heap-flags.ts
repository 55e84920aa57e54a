// Whether whoever started the program has said how large V8's young generation may be: then it is left at that.

/** By NODE_OPTIONS or on Node's command line. */
export function namesHeapFlags(
  nodeOptions: string | undefined = process.env.NODE_OPTIONS,
  execArgv: readonly string[] = process.execArgv,
): boolean {
  return [nodeOptions ?? "", ...execArgv].some((text) => /--(max|min)[-_]semi[-_]space|--optimize[-_]for[-_]size/.test(text));
}
