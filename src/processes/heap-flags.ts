// How much V8 takes, by what a process is for. bench/README.md (What holds memory) has the figures.

/** For control, which nobody waits for by the millisecond. */
export const controlHeapFlags = ["--optimize-for-size", "--max-semi-space-size=2"];

/**
 * Wherever calls are served. What lives is little, and moved by the thread that waits for it: helpers for that cost more than they give
 * where calls fill the cores.
 */
export const callsHeapFlags = ["--no-parallel-scavenge"];

/** With half the room for new objects a call costs a tenth more, with V8's own 16 MB nothing less. */
export const workerHeapFlags = ["--max-semi-space-size=8", ...callsHeapFlags];
