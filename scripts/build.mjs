// `npm run build`: builds dist/ from scratch.
import { build } from "./lib/build.mjs";
import { prepare } from "./lib/prepare.mjs";

prepare({ build: false });
build();
