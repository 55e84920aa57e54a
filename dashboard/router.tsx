// Every page: its path, what one must be allowed to do to see it, and the parameters that it keeps in the URL. Pages load when opened.
import { createRootRoute, createRoute, createRouter, Outlet, redirect } from "@tanstack/react-router";
import type { Action } from "../src/domain/policy.ts";
import { whenOtherSession, whenSignedOut } from "./api/client.ts";
import { queryClient } from "./api/query-client.ts";
import { dashboardPath } from "./base-path.ts";
import { PageFailed, PageNotAllowed, PageNotFound } from "./layout/failures.tsx";
import { Shell } from "./layout/shell.tsx";
import { lazyPage } from "./lazy-page.ts";
import { parseSearch, stringifySearch, textParams } from "./search-params.ts";
import { sessionQuery, signedInAs, type Whoami } from "./session/session.ts";

const root = createRootRoute({ component: Outlet, notFoundComponent: PageNotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: textParams("return_to", "error"),
  component: lazyPage(() => import("./pages/sign-in/sign-in-page.tsx"), "SignInPage"),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyPage(() => import("./pages/sign-in/setup-page.tsx"), "SetupPage"),
});
const password = createRoute({
  getParentRoute: () => root,
  path: "/password",
  component: lazyPage(() => import("./pages/sign-in/password-page.tsx"), "PasswordPage"),
});

/** Everything behind the sign-in. */
const console = createRoute({
  getParentRoute: () => root,
  id: "console",
  component: Shell,
  beforeLoad: async ({ location }) => {
    // That nobody was signed in may be over: another tab can have done it since.
    const known = queryClient.getQueryData<Whoami | null>(sessionQuery.queryKey);
    const session = known ?? (await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 }));
    if (session === null) throw redirect({ to: "/sign-in", search: returnTo(location.href) });
    return { session };
  },
});

function returnTo(href: string): { return_to?: string } {
  return href === "/" || href === "" ? {} : { return_to: href };
}

interface PageOptions<Path extends string, Param extends string> {
  path: Path;
  /** Null: for everybody who is signed in. */
  needs: Action | null;
  params?: readonly Param[];
  component: ReturnType<typeof lazyPage>;
}

/** `Component` for those whose role shows it. Called once for each page, when the dashboard starts. */
const guarded = (needs: Action | null, Component: ReturnType<typeof lazyPage>) => () => {
  const { session } = console.useRouteContext();
  return needs === null || session.permissions[needs] !== undefined ? <Component /> : <PageNotAllowed />;
};

/** A page behind the sign-in. The server decides what its data is; here only what is worth showing. */
function page<const Path extends string, const Param extends string = never>(options: PageOptions<Path, Param>) {
  const { path, needs, params = [], component: Component } = options;
  return createRoute({
    getParentRoute: () => console,
    path,
    validateSearch: textParams<Param>(...params),
    // The router waits for it before it shows the page, and loads it when a link to the page is pointed at.
    component: Object.assign(guarded(needs, Component), { preload: Component.preload }),
  });
}

const list = ["search", "cursor"] as const;
const range = ["range", "from", "to"] as const;

const pages = [
  page({
    path: "/",
    needs: null,
    params: range,
    component: lazyPage(() => import("./pages/overview/overview-page.tsx"), "OverviewPage"),
  }),
  page({
    path: "/usage",
    needs: "usage.read",
    params: [...range, "by", "bucket", "model", "endpoint", "key", "user", "group", "metric"],
    component: lazyPage(() => import("./pages/usage/usage-page.tsx"), "UsagePage"),
  }),
  page({
    path: "/requests",
    needs: "requests.read",
    params: [...list, ...range, "model", "endpoint", "key", "user", "group", "status", "live"],
    component: lazyPage(() => import("./pages/requests/requests-page.tsx"), "RequestsPage"),
  }),
  page({
    path: "/requests/$id",
    needs: "requests.read",
    params: ["tab"],
    component: lazyPage(() => import("./pages/requests/request-page.tsx"), "RequestPage"),
  }),
  page({
    path: "/exports",
    needs: "usage.read",
    params: list,
    component: lazyPage(() => import("./pages/exports/exports-page.tsx"), "ExportsPage"),
  }),
  page({
    path: "/endpoints",
    needs: "endpoints.read",
    params: [...list, "status"],
    component: lazyPage(() => import("./pages/endpoints/endpoints-page.tsx"), "EndpointsPage"),
  }),
  page({
    path: "/endpoints/new",
    needs: "endpoints.write",
    component: lazyPage(() => import("./pages/endpoints/add-endpoint-page.tsx"), "AddEndpointPage"),
  }),
  page({
    path: "/endpoints/$id",
    needs: "endpoints.read",
    params: ["tab", ...list],
    component: lazyPage(() => import("./pages/endpoints/endpoint-page.tsx"), "EndpointPage"),
  }),
  page({
    path: "/models",
    needs: "models.read",
    params: [...list, "endpoint", "status", "kind"],
    component: lazyPage(() => import("./pages/models/models-page.tsx"), "ModelsPage"),
  }),
  page({
    path: "/models/$id",
    needs: "models.read",
    params: ["tab", "client"],
    component: lazyPage(() => import("./pages/models/model-page.tsx"), "ModelPage"),
  }),
  page({
    path: "/prices",
    needs: "prices.read",
    params: [...list, "status"],
    component: lazyPage(() => import("./pages/prices/prices-page.tsx"), "PricesPage"),
  }),
  page({
    path: "/playground",
    needs: "playground",
    params: ["model", "second"],
    component: lazyPage(() => import("./pages/playground/playground-page.tsx"), "PlaygroundPage"),
  }),
  page({
    path: "/manifests",
    needs: "manifests.read",
    params: list,
    component: lazyPage(() => import("./pages/manifests/manifests-page.tsx"), "ManifestsPage"),
  }),
  page({
    path: "/manifests/$id",
    needs: "manifests.read",
    component: lazyPage(() => import("./pages/manifests/manifest-page.tsx"), "ManifestPage"),
  }),
  page({
    path: "/explain",
    needs: "explain",
    params: ["model", "key", "user", "path"],
    component: lazyPage(() => import("./pages/explain/explain-page.tsx"), "ExplainPage"),
  }),
  page({
    path: "/keys",
    needs: "keys.read",
    params: [...list, "user", "group"],
    component: lazyPage(() => import("./pages/keys/keys-page.tsx"), "KeysPage"),
  }),
  page({
    path: "/keys/$id",
    needs: "keys.read",
    params: ["tab"],
    component: lazyPage(() => import("./pages/keys/key-page.tsx"), "KeyPage"),
  }),
  page({
    path: "/users",
    needs: "users.read",
    params: [...list, "role", "group"],
    component: lazyPage(() => import("./pages/users/users-page.tsx"), "UsersPage"),
  }),
  page({
    path: "/users/$id",
    needs: "users.read",
    params: ["tab", "cursor"],
    component: lazyPage(() => import("./pages/users/user-page.tsx"), "UserPage"),
  }),
  page({
    path: "/groups",
    needs: "groups.read",
    params: list,
    component: lazyPage(() => import("./pages/groups/groups-page.tsx"), "GroupsPage"),
  }),
  page({
    path: "/groups/$id",
    needs: "groups.read",
    params: ["tab", "search", "cursor"],
    component: lazyPage(() => import("./pages/groups/group-page.tsx"), "GroupPage"),
  }),
  page({
    path: "/audit",
    needs: "audit.read",
    params: ["cursor", "actor_id", "action", "resource_id", ...range],
    component: lazyPage(() => import("./pages/audit/audit-page.tsx"), "AuditPage"),
  }),
  page({
    path: "/system",
    needs: "system.read",
    component: lazyPage(() => import("./pages/system/system-page.tsx"), "SystemPage"),
  }),
  page({
    path: "/account",
    needs: null,
    params: ["tab", "cursor"],
    component: lazyPage(() => import("./pages/account/account-page.tsx"), "AccountPage"),
  }),
];

/** Whatever else is asked for: within the frame, so that one can go on. */
const nowhere = createRoute({ getParentRoute: () => console, path: "$", component: PageNotFound });

export const router = createRouter({
  routeTree: root.addChildren([signIn, setup, password, console.addChildren([...pages, nowhere])]),
  basepath: dashboardPath,
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultErrorComponent: ({ error }) => <PageFailed error={error} />,
  defaultNotFoundComponent: PageNotFound,
});

whenOtherSession(() => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey }));
whenSignedOut(() => {
  signedInAs(null);
  void router.navigate({ to: "/sign-in", search: returnTo(router.state.location.href) as never });
});
