// What every subject of the benchmark is: something on a port that answers as the provider does.

/**
 * @typedef {object} Subject
 * @property {string} name
 * @property {string} title for the table's head
 * @property {number} port on 127.0.0.1
 * @property {number | null} pid of the proxy, whose CPU and memory count, with all that it started; null for the provider itself
 * @property {number} workers worker processes of Headgate; 0 for all others
 * @property {string} key the bearer token to call it with
 * @property {number} answered requests that were answered rightly so far, of all measures and warm-ups
 * @property {(() => Promise<number | null>) | null} eventLoopDelay the worst p99 of its processes since the last call, in ms; null where nobody can say
 * @property {() => Promise<unknown>} settled resolves when the work that earlier requests caused is done
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} Surroundings
 * @property {number} providerPort
 * @property {string} dir an existing folder for files and logs of the run
 * @property {string} headgatePath
 * @property {string | undefined} nodeOptions NODE_OPTIONS for Headgate
 * @property {string | null} profileDir where Headgate writes CPU profiles when it ends
 * @property {string[]} [moreKeys] Headgate keys beside the one of every subject
 * @property {number} [workers] worker processes
 * @property {object} [moreServer] in the section `server` of Headgate's configuration
 * @property {Record<string, string>} [moreVariables] of Headgate's environment
 * @property {object} [limits] of every Headgate key
 * @property {string} [model] that keys may call and that has to be there
 * @property {boolean} [hasHistory] the ledger has calls from before
 * @property {string} [name] of the subject
 * @property {string} [title] of the subject
 */

/** @returns {Subject} */
export function subject(fields) {
  return { key: "sk-bench-0123456789abcdef", answered: 0, workers: 0, eventLoopDelay: null, settled: async () => {}, ...fields };
}

/**
 * The same subject, called with another key or token; what is answered counts as its own.
 * @param {Subject} subject
 * @param {string} key
 * @returns {Subject}
 */
export function calledWith(subject, key) {
  return {
    ...subject,
    key,
    get answered() {
      return subject.answered;
    },
    set answered(count) {
      subject.answered = count;
    },
  };
}
