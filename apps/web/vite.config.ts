import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One page so far: the till, served by the terminal under /till/.
export default defineConfig({
  root: import.meta.dirname,
  base: "/till/",
  plugins: [react()],
  build: {
    outDir: "dist/till",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2023",
    license: true,
  },
});
