import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': at('./src') } },
  build: {
    outDir: at('../src/actionry/server/static'),
    emptyOutDir: true,
    target: 'es2022',
    // No `data:` fonts or pictures in the script, and no polyfill: what runs ES2022 knows `modulepreload`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: {
    // The page in development, with the server beside it: ACTIONRY_PUBLIC_URL=http://127.0.0.1:5173
    proxy: { '/api': 'http://127.0.0.1:8484' },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
});
