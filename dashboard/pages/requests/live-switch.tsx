// Holds the tail of requests, and lets it go on.
import { Pause, Play } from "lucide-react";
import { Button } from "../../components/button.tsx";
import { useUrlFilters } from "../../components/filters.tsx";

export function LiveSwitch({ isLive }: { isLive: boolean }) {
  const { set } = useUrlFilters();
  return (
    <Button
      aria-pressed={isLive}
      icon={isLive ? <Pause size={16} aria-hidden /> : <Play size={16} aria-hidden />}
      onClick={() => set({ live: isLive ? "off" : undefined }, { isReplacing: true })}
    >
      {isLive ? "Pause" : "Go live"}
    </Button>
  );
}
