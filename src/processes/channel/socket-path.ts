// Where a unix socket may be: its whole path has to fit into a field of the kernel's.

/** macOS takes the fewest: 104 bytes with the zero at the end. */
const socketPathBytesMax = 103;

/** Throws with a message that says what to do: the kernel's own ("invalid argument") does not. */
export function checkSocketPath(path: string): string {
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  throw new Error(`the path of a socket may have ${socketPathBytesMax} bytes at most; use a shorter folder than that of ${path}`);
}
