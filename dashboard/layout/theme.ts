// Light, dark, or as the system is: kept in this browser.

export type Theme = "system" | "light" | "dark";
const storageKey = "headgate-theme";
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

export function storedTheme(): Theme {
  const stored = localStorage.getItem(storageKey);
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Shows the page in `theme` and remembers it. */
export function applyTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(storageKey);
  else localStorage.setItem(storageKey, theme);
  show();
}

/** Shows the page in the theme that this browser remembers, and follows the system where it remembers none. */
export function followTheme(): void {
  systemIsDark.addEventListener("change", show);
  show();
}

/** The one that is shown now. */
export function shownTheme(): "light" | "dark" {
  const theme = storedTheme();
  return theme === "system" ? (systemIsDark.matches ? "dark" : "light") : theme;
}

/** Always as an attribute: where the system's theme changes alone, Chromium leaves icons in the colour that they had. */
function show(): void {
  document.documentElement.dataset.theme = shownTheme();
  window.dispatchEvent(new Event("headgate-theme"));
}
