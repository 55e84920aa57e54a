// A page whose code is loaded when it is opened, also when Headgate does not answer just then.
import { lazyRouteComponent } from "@tanstack/react-router";
import { apiPath } from "./base-path.ts";

/** How long a page that cannot be loaded rests before it is tried again, ms. */
const restMs = 2000;

/** The export `name` of a module. While Headgate is away, whoever waits for it waits on, and the page before stays. */
export function lazyPage<Name extends string>(load: () => Promise<Record<Name, () => React.ReactNode>>, name: Name) {
  const loadPatiently = async () => {
    for (;;) {
      try {
        return await load();
      } catch (error) {
        // It answers: then the page is another version's, and only loading everything anew helps, which the router does.
        if (await answers()) throw error;
        await new Promise((resolve) => setTimeout(resolve, restMs));
      }
    }
  };
  return lazyRouteComponent(loadPatiently as () => Promise<Record<string, () => React.ReactNode>>, name);
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`${apiPath}/sign-in`)).status < 500;
  } catch {
    return false;
  }
}
