/** English and Chinese; only the language in use is loaded. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = 'actionry.language';

const TEXTS: Record<Language, () => Promise<{ default: Record<string, unknown> }>> = {
  en: () => import('@/locales/en.json'),
  zh: () => import('@/locales/zh.json'),
};

export function language(): Language {
  return i18next.language === 'zh' ? 'zh' : 'en';
}

function wanted(): Language {
  const said = readSetting(KEY) ?? navigator.language;
  return said.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export async function startI18n(): Promise<void> {
  const first = wanted();
  await i18next.use(initReactI18next).init({
    lng: first,
    fallbackLng: false,
    interpolation: { escapeValue: false },
    resources: { [first]: { translation: (await TEXTS[first]()).default } },
    returnNull: false,
  });
  tellDocument(first);
}

export async function changeLanguage(next: Language): Promise<void> {
  if (!i18next.hasResourceBundle(next, 'translation')) {
    i18next.addResourceBundle(next, 'translation', (await TEXTS[next]()).default);
  }
  writeSetting(KEY, next);
  await i18next.changeLanguage(next);
  tellDocument(next);
}

function tellDocument(next: Language): void {
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
}

/** Storage may be full or forbidden: then a setting lasts as long as the page. */
export function readSetting(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function writeSetting(key: string, value: string | null): boolean {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}
