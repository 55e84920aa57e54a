// Has a list exported in the background; the page Exports shows how far it is.
import { useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import type { ExportBody } from "../../src/api/exports.ts";
import { post } from "../api/client.ts";
import { queryClient } from "../api/query-client.ts";
import { Button } from "./button.tsx";
import { Menu } from "./menu.tsx";
import { messageOf } from "./notice.tsx";
import { toast } from "./toasts.tsx";

/** `query`: the list's own filters, as the page shows it; those without a value are left out. */
export function ExportMenu({ kind, query }: { kind: ExportBody["kind"]; query: Readonly<Record<string, string | undefined>> }) {
  const navigate = useNavigate();
  const begin = async (format: ExportBody["format"]) => {
    const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== ""));
    try {
      await post<ExportBody>("/exports", { kind, format, query: given });
      await queryClient.invalidateQueries({ queryKey: ["exports"] });
      await navigate({ to: "/exports" });
    } catch (error) {
      toast(messageOf(error), { isBad: true });
    }
  };
  return (
    <Menu
      items={[
        { label: "As CSV", onSelect: () => void begin("csv") },
        { label: "As JSON", onSelect: () => void begin("json") },
      ]}
    >
      <Button icon={<Download size={16} aria-hidden />}>Export</Button>
    </Menu>
  );
}
