import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': at('./src') } },
  build: {
    outDir: at('./dist'), // scripts/build-page says where to
    emptyOutDir: true,
    target: 'es2022',
    // No `data:` fonts or pictures in the script, and no polyfill: what runs ES2022 knows `modulepreload`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every visit needs, in one file: the rest is loaded when it is.
        codeSplitting: {
          groups: [
            { name: 'shared', test: /node_modules[\\/](react|react-dom|scheduler|i18next|react-i18next|@mantine|@tanstack|@floating-ui|wouter|clsx)[\\/]/ },
          ],
        },
      },
    },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: {
    // The page in development, with the server beside it: ACTIONRY_PUBLIC_URL=http://127.0.0.1:5173
    proxy: { '/api': 'http://127.0.0.1:8484' },
  },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
});
