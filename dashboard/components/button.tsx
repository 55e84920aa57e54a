// Buttons, and links that look like them.
import { Link, type LinkProps } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";

type Look = "primary" | "secondary" | "danger" | "quiet";

const base =
  "inline-flex items-center justify-center gap-1.5 rounded-md px-3 py-1.5 text-sm font-medium whitespace-nowrap min-h-9 disabled:opacity-60 disabled:cursor-not-allowed transition-colors";
const looks: Record<Look, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  secondary: "border border-line-strong/60 bg-surface hover:bg-raised",
  danger: "bg-bad text-surface hover:opacity-90",
  quiet: "text-muted hover:bg-raised hover:text-ink",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: ReactNode;
  /** Shows that it is at work, and takes no click meanwhile. */
  isBusy?: boolean;
}

export function Button({ look = "secondary", icon, isBusy = false, children, className = "", disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || isBusy}
      aria-busy={isBusy || undefined}
      className={`${base} ${looks[look]} ${className}`}
    >
      {isBusy ? <LoaderCircle size={15} className="animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

export function LinkButton({
  look = "secondary",
  icon,
  children,
  className = "",
  ...link
}: LinkProps & { look?: Look; icon?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <Link {...link} className={`${base} ${looks[look]} ${className}`}>
      {icon}
      {children}
    </Link>
  );
}

/** An icon alone; `label` is what it is called. */
export function IconButton({ label, icon, className = "", ...rest }: ButtonProps & { label: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-flex size-9 items-center justify-center rounded-md text-muted hover:bg-raised hover:text-ink disabled:opacity-50 ${className}`}
    >
      {icon}
    </button>
  );
}
