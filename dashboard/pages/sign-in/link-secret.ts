// The secret of a one-time link: after the "#", so that no server and no log ever sees it as part of a URL.
import { useEffect, useState } from "react";

/** "" when there is none. Taken out of the address bar at once: it must not stay in the history. */
export function useLinkSecret(): string {
  const [secret] = useState(() => window.location.hash.slice(1));
  useEffect(() => {
    if (secret !== "") window.history.replaceState(window.history.state, "", window.location.pathname);
  }, [secret]);
  return secret;
}
