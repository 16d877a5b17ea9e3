import { type MantineColorScheme, type MantineColorSchemeManager, createTheme } from '@mantine/core';
import { readSetting, writeSetting } from '@/lib/i18n';

export const theme = createTheme({
  primaryColor: 'cyan',
  defaultRadius: 'md',
  respectReducedMotion: true,
  cursorType: 'pointer',
});

const KEY = 'actionry.theme';
const known = (value: string | null): value is MantineColorScheme => value === 'light' || value === 'dark' || value === 'auto';

/** The same setting that first.js reads before the first paint; other tabs follow. */
export function colorSchemes(): MantineColorSchemeManager {
  let listen: ((event: StorageEvent) => void) | null = null;
  return {
    get: (fallback) => {
      const value = readSetting(KEY);
      return known(value) ? value : fallback;
    },
    set: (value) => void writeSetting(KEY, value),
    subscribe: (tell) => {
      listen = (event) => {
        if (event.key === KEY && known(event.newValue)) tell(event.newValue);
      };
      window.addEventListener('storage', listen);
    },
    unsubscribe: () => {
      if (listen !== null) window.removeEventListener('storage', listen);
    },
    clear: () => void writeSetting(KEY, null),
  };
}
