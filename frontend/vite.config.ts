import { defineConfig } from "vitest/config";
import { licences } from "./licences";

// Relative addresses: the server says in the page where its files are, whatever path Airflow is served below.
export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [licences()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "../jobmon_airflow/web/static",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Small images would come as data in the style sheet, and scripts would be written into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: "src/main.tsx" },
  },
  // Threads: forked workers may wait for ever for words from a parent whose pipes are somebody else's.
  test: { pool: "threads", include: ["src/**/*.test.ts", "src/**/*.test.tsx"], environment: "node" },
});
