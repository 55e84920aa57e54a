// `npm run docs`: writes docs/configuration.md and docs/errors.md from the compiled program. test/generated-docs.test.ts fails when they are stale.
import { readFileSync, writeFileSync } from "node:fs";
import { prepare } from "./lib/prepare.mjs";
import { inProject } from "./lib/project.mjs";

prepare();
const { configurationManual } = await import("../compiled/config/configuration-manual.js");
const { errorsPage } = await import("../compiled/core/errors-page.js");

const example = readFileSync(inProject("examples/minimal/headgate.yaml"), "utf8");
writeFileSync(inProject("docs/configuration.md"), configurationManual(example));
writeFileSync(inProject("docs/errors.md"), errorsPage());
