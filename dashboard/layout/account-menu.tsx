// Who is signed in, their account, the theme, and the way out.
import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { remove } from "../api/client.ts";
import { IconButton } from "../components/button.tsx";
import { Menu } from "../components/menu.tsx";
import { messageOf } from "../components/notice.tsx";
import { toast } from "../components/toasts.tsx";
import { roleNames } from "../format/role-names.ts";
import { signedInAs, useSession } from "../session/session.ts";
import { applyTheme, storedTheme, type Theme } from "./theme.ts";

const nextTheme: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const themeIcons = { system: Monitor, light: Sun, dark: Moon };

export function AccountMenu() {
  const session = useSession();
  const navigate = useNavigate();
  const signOut = async () => {
    try {
      await remove("/sessions/current");
      signedInAs(null);
      await navigate({ to: "/sign-in" });
    } catch (error) {
      toast(messageOf(error), { isBad: true });
    }
  };
  return (
    <div className="flex items-center gap-1 border-t border-line p-2">
      <Menu
        items={[
          { label: "Account and sessions", onSelect: () => void navigate({ to: "/account" }) },
          { label: "Sign out", onSelect: () => void signOut() },
        ]}
      >
        <button
          type="button"
          className="flex min-w-0 flex-1 items-center justify-between gap-2 rounded-md px-2.5 py-1.5 text-left hover:bg-raised"
        >
          <span className="min-w-0">
            <span className="block truncate text-sm font-medium">{session.name}</span>
            <span className="block truncate text-xs text-muted">{roleNames[session.role]}</span>
          </span>
          <ChevronsUpDown size={15} className="flex-none text-muted" aria-hidden />
        </button>
      </Menu>
      <ThemeButton />
    </div>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(storedTheme);
  const Icon = themeIcons[theme];
  const change = () => {
    applyTheme(nextTheme[theme]);
    setTheme(nextTheme[theme]);
  };
  return <IconButton label={`Theme: ${theme}`} icon={<Icon size={17} aria-hidden />} onClick={change} />;
}
