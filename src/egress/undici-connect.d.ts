// undici's connector by its own file: with all of undici, a process that only serves calls would be 8 MB larger.
declare module "undici/lib/core/connect.js" {
  import type { buildConnector } from "undici";

  const build: typeof buildConnector;
  export default build;
}

declare module "undici/lib/core/errors.js" {
  import type { errors } from "undici";
  export const ConnectTimeoutError: typeof errors.ConnectTimeoutError;
}
