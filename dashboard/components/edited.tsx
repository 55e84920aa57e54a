// Keeps what somebody is typing when what they edit changes under them, and says so.
import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { Notice } from "./notice.tsx";

export interface EditedProps<Resource> {
  /** As it is now. */
  resource: Resource;
  /** The form. `load`: goes on from what was saved. The form of each `edited` is a new one. */
  children: (edited: Resource, load: (saved: Resource) => void) => ReactNode;
}

/** Takes a newer `resource` over by itself only while nothing has been typed. */
export function Edited<Resource extends { version: number }>({ resource, children }: EditedProps<Resource>) {
  const [edited, setEdited] = useState(resource);
  const [hasTyped, setTyped] = useState(false);
  const isNewer = resource.version > edited.version;
  if (isNewer && !hasTyped) setEdited(resource);
  const load = (loaded: Resource) => {
    setEdited(loaded);
    setTyped(false);
  };
  return (
    <div className="flex flex-col gap-4">
      {isNewer && hasTyped && (
        <Notice tone="warn" title="Somebody else has changed this since you began">
          <p>What you have typed is still here, but cannot be saved over that change. Note what you need of it, then reload.</p>
          <Button className="mt-2" onClick={() => load(resource)}>
            Reload, and lose my changes
          </Button>
        </Notice>
      )}
      <div key={edited.version} onChange={() => setTyped(true)}>
        {children(edited, load)}
      </div>
    </div>
  );
}
