// Where the dashboard and the admin API are, also when a proxy has put Headgate below a path.

/** `/dashboard`, or with what a proxy puts before it; no slash at the end. */
export const dashboardPath = new URL(document.baseURI).pathname.replace(/\/+$/, "");

/** What is before `/dashboard`: "" or `/some/path`. */
const below = dashboardPath.replace(/\/dashboard$/, "");

/** `/admin/api/v1`, no slash at the end. */
export const apiPath = `${below}/admin/api/v1`;

/** The base URL that callers give their clients, without `/v1`. */
export const gatewayUrl = `${window.location.origin}${below}`;
