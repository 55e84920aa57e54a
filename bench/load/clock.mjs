// A clock that reads the same in every process of this machine, for stamps that one writes and another reads.

/** Each try reads one clock after the other; the one in which the least time was between them is the best. */
const tries = Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) / 1000 - performance.now() * 1000);
const offsetUs = Math.max(...tries);

/** µs since the machine started, or thereabouts; good to a few µs between processes. */
export function machineNowUs() {
  return performance.now() * 1000 + offsetUs;
}
