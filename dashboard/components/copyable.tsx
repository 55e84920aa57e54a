// Text that is there to be copied.
import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./button.tsx";

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <>
      <IconButton
        label={label}
        icon={isCopied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
        onClick={() => void copy()}
      />
      <span role="status" className="sr-only">
        {isCopied ? "Copied" : ""}
      </span>
    </>
  );
}

/** The clipboard interface is only there over TLS or on localhost. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  // Inside an open dialog, where the rest of the page can't take the focus.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** A block of code with a button that copies it. */
export function CodeBlock({ code, label }: { code: string; label: string }) {
  return (
    <div className="relative rounded-md border border-line bg-raised">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <pre className="overflow-x-auto p-3 pr-12 font-mono text-xs leading-relaxed" tabIndex={0} role="group" aria-label={label}>
        <code>{code}</code>
      </pre>
      <div className="absolute top-1 right-1 rounded-md bg-raised">
        <CopyButton text={code} label={`Copy ${label}`} />
      </div>
    </div>
  );
}

/** A short value on one line with a button that copies it. */
export function CopyLine({ text, label }: { text: string; label: string }) {
  return (
    <div className="flex items-center gap-1 rounded-md border border-line bg-raised pl-3">
      <code className="min-w-0 flex-1 py-2 font-mono text-sm break-all">{text}</code>
      <CopyButton text={text} label={`Copy ${label}`} />
    </div>
  );
}
