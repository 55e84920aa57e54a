// The paths of all pages behind the sign-in, as the router has them.
import { readFileSync } from "node:fs";

const router = readFileSync(new URL("../../../dashboard/router.tsx", import.meta.url), "utf8");

/** E.g. `/keys/$id`. */
export const routerPaths = [...router.matchAll(/\bpage\(\{\s*path: "([^"]+)"/g)].map(([, path]) => path as string);
