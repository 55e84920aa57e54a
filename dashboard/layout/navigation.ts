// The parts of the dashboard, and what one must be allowed to do to see each.
import {
  Activity,
  ArrowDownToLine,
  Boxes,
  ChartColumn,
  CircleDollarSign,
  FileClock,
  FileText,
  FolderSync,
  KeyRound,
  type LucideIcon,
  MessageSquare,
  Route,
  Server,
  Settings2,
  UserRound,
  UsersRound,
} from "lucide-react";
import type { Action } from "../../src/domain/policy.ts";

export interface NavigationEntry {
  to: string;
  label: string;
  icon: LucideIcon;
  needs: Action;
}

export const navigation: readonly { label: string; entries: readonly NavigationEntry[] }[] = [
  {
    label: "Watch",
    entries: [
      { to: "/", label: "Overview", icon: Activity, needs: "usage.read" },
      { to: "/usage", label: "Usage", icon: ChartColumn, needs: "usage.read" },
      { to: "/requests", label: "Requests", icon: FileText, needs: "requests.read" },
      { to: "/exports", label: "Exports", icon: ArrowDownToLine, needs: "usage.read" },
    ],
  },
  {
    label: "Models",
    entries: [
      { to: "/models", label: "Models", icon: Boxes, needs: "models.read" },
      { to: "/prices", label: "Prices", icon: CircleDollarSign, needs: "prices.read" },
      { to: "/playground", label: "Playground", icon: MessageSquare, needs: "playground" },
      { to: "/endpoints", label: "Endpoints", icon: Server, needs: "endpoints.read" },
      { to: "/manifests", label: "Manifests", icon: FolderSync, needs: "manifests.read" },
      { to: "/explain", label: "Explain", icon: Route, needs: "explain" },
    ],
  },
  {
    label: "Access",
    entries: [
      { to: "/keys", label: "Keys", icon: KeyRound, needs: "keys.read" },
      { to: "/users", label: "Users", icon: UserRound, needs: "users.read" },
      { to: "/groups", label: "Groups", icon: UsersRound, needs: "groups.read" },
    ],
  },
  {
    label: "Installation",
    entries: [
      { to: "/audit", label: "Audit", icon: FileClock, needs: "audit.read" },
      { to: "/system", label: "System", icon: Settings2, needs: "system.read" },
    ],
  },
];
