// How the dashboard is bundled: everything in dist/dashboard/, hashed, nothing from another host.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Relative: the server writes the path it is reached at into the page's <base>.
  base: "./",
  plugins: [react(), tailwindcss()],
  build: {
    outDir: fileURLToPath(new URL("../dist/dashboard", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    // A data: URL in place of a file would be one more thing for the content security policy to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  // `npx vite dashboard` while a Headgate runs beside it.
  server: { proxy: { "/admin": "http://127.0.0.1:8080" } },
});
