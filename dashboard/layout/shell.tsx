// What is around every page of somebody signed in: navigation, who it is, theme.
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useRouterState } from "@tanstack/react-router";
import { Menu as MenuIcon, X } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useIsCutOff, useLiveEvents } from "../api/live-events.ts";
import { IconButton } from "../components/button.tsx";
import { Notice } from "../components/notice.tsx";
import { pageHeadingId } from "../components/page.tsx";
import { SessionContext, sessionQuery, useSession } from "../session/session.ts";
import { AccountMenu } from "./account-menu.tsx";
import { iconUrl } from "./icon.ts";
import { navigation } from "./navigation.ts";

export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  useLiveEvents(Boolean(session));
  // While the way to the sign-in page is taken.
  if (!session) return null;
  return (
    <SessionContext value={session}>
      <Frame />
    </SessionContext>
  );
}

function Frame() {
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page closes the menu
  useEffect(() => setOpen(false), [pathname]);
  const main = useFocusOnNewPage();
  return (
    <div className="flex min-h-dvh">
      <a href="#content" className="sr-only z-50 rounded bg-surface p-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        Skip to content
      </a>
      <aside className="sticky top-0 hidden h-dvh w-56 flex-none flex-col border-r border-line bg-surface lg:flex">
        <Brand />
        <Navigation />
        <AccountMenu />
      </aside>
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-30 flex items-center justify-between border-b border-line bg-surface pr-2 lg:hidden">
          <Brand />
          <IconButton
            label="Menu"
            icon={<MenuIcon size={20} aria-hidden />}
            onClick={() => setOpen(true)}
            aria-expanded={isOpen}
          />
        </header>
        {/* Its name is what is read aloud when a new page takes the focus. */}
        <main ref={main} id="content" tabIndex={-1} aria-labelledby={pageHeadingId} className="min-w-0 flex-1 outline-none">
          <CutOff />
          <Outlet />
        </main>
      </div>
      {isOpen && <Drawer onClose={() => setOpen(false)} />}
    </div>
  );
}

/** Moves the focus to the page that a link has led to: else it would be on what is gone. Not when the dashboard opens. */
function useFocusOnNewPage() {
  const ref = useRef<HTMLElement>(null);
  const shown = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const before = useRef(shown);
  useEffect(() => {
    if (shown === before.current) return;
    const isFirst = before.current === undefined;
    before.current = shown;
    if (!isFirst) ref.current?.focus({ preventScroll: true });
  }, [shown]);
  return ref;
}

/** Said on every page, as each goes on showing what it has. */
function CutOff() {
  const isCutOff = useIsCutOff();
  return (
    <div role="status" className="mx-auto max-w-7xl px-4 pt-4 empty:hidden md:px-8">
      {isCutOff && (
        <Notice tone="warn" title="The connection to Headgate is interrupted">
          What is shown here may be old. It is tried again all the time.
        </Notice>
      )}
    </div>
  );
}

/** The navigation on narrow screens. */
function Drawer({ onClose }: { onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  // As in Dialog: closed while it is still in the page, it gives the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-label="Menu"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === ref.current && onClose()}
      className="m-0 h-dvh max-h-none w-64 max-w-[85vw] border-r border-line bg-surface p-0 backdrop:bg-black/50"
    >
      <div className="flex h-full flex-col">
        <div className="flex items-center justify-between pr-2">
          <Brand />
          <IconButton label="Close menu" icon={<X size={18} aria-hidden />} onClick={onClose} />
        </div>
        <Navigation onFollow={onClose} />
        <AccountMenu />
      </div>
    </dialog>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2.5 px-4 py-3.5 text-base font-semibold">
      <img src={iconUrl} alt="" width={24} height={24} />
      Headgate
    </Link>
  );
}

/** `onFollow`: also for the page that one is on already. */
function Navigation({ onFollow }: { onFollow?: () => void }) {
  const { permissions } = useSession();
  return (
    <nav aria-label="Pages" className="min-h-0 flex-1 overflow-y-auto px-2 pb-4">
      {navigation.map(({ label, entries }) => {
        const allowed = entries.filter(({ needs }) => permissions[needs] !== undefined);
        if (allowed.length === 0) return null;
        return (
          <div key={label} className="mt-3">
            <div className="px-2.5 pb-1 text-xs font-medium text-muted">{label}</div>
            <ul>
              {allowed.map(({ to, label: text, icon: Icon }) => (
                <li key={to}>
                  <Link
                    to={to}
                    activeOptions={{ exact: to === "/", includeSearch: false }}
                    onClick={onFollow}
                    className="flex min-h-9 items-center gap-2.5 rounded-md px-2.5 py-1.5 hover:bg-raised aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent-strong"
                  >
                    <Icon size={17} className="flex-none" aria-hidden />
                    {text}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}
