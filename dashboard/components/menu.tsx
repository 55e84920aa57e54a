// A menu that a button opens.
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useRef } from "react";

export interface MenuItem {
  label: string;
  onSelect: () => void;
  isDanger?: boolean;
  isDisabled?: boolean;
}

/** `children` is the button that opens it. */
export function Menu({ items, children }: { items: readonly MenuItem[]; children: ReactNode }) {
  const chosen = useRef<(() => void) | null>(null);
  // What an entry does begins when the button has the focus again: a dialog that it opens then gives it back there.
  const begin = () => {
    const act = chosen.current;
    chosen.current = null;
    if (act !== null) queueMicrotask(act);
  };
  return (
    // Not modal: the modal kind adds a <style> to the page, which the content security policy refuses.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={begin}
          className="z-40 min-w-44 rounded-md border border-line bg-surface p-1 shadow-lg"
        >
          {items.map((item) => (
            <DropdownMenu.Item
              key={item.label}
              disabled={item.isDisabled ?? false}
              onSelect={() => {
                chosen.current = item.onSelect;
              }}
              className={`cursor-pointer rounded px-2.5 py-1.5 text-sm outline-none data-[disabled]:opacity-50 data-[highlighted]:bg-raised ${item.isDanger ? "text-bad" : ""}`}
            >
              {item.label}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
