// Tells of synchronisations that begin and end, whoever has asked for them.
import type { Synchronizer } from "../discovery/synchronize.ts";
import type { EventHub } from "./event-hub.ts";

/** `synchronizer`, which tells `events`. */
export function announceSyncs(synchronizer: Synchronizer, events: Pick<EventHub, "publish">): Synchronizer {
  return {
    ...synchronizer,
    synchronize(endpointId, options) {
      const run = synchronizer.synchronize(endpointId, options);
      events.publish("endpoints");
      const ended = () => events.publish("endpoints", "models");
      run.then(ended, ended);
      return run;
    },
  };
}
