// Why a deployment is not active, where a caller is told more of it than "offline".

/** Its manifest says `Maintenance`. */
export const inMaintenance = "in maintenance";
/** Its manifest entry names a token that was not given: nothing is sent there without one. */
export const withoutToken = "no token for its endpoint_id";
