// Light, dark, or as the system is: kept in this browser.

export type Theme = "system" | "light" | "dark";
const storageKey = "headgate-theme";

export function storedTheme(): Theme {
  const stored = localStorage.getItem(storageKey);
  return stored === "light" || stored === "dark" ? stored : "system";
}

/** Shows the page in `theme` and remembers it. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === "system") {
    localStorage.removeItem(storageKey);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(storageKey, theme);
    document.documentElement.dataset.theme = theme;
  }
  window.dispatchEvent(new Event("headgate-theme"));
}
