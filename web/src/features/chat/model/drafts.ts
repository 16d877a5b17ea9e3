/** What was typed and not sent: kept over a reload, a crash and an expired session. */
import { readSetting, writeSetting } from '@/lib/i18n';

const name = (place: string) => `actionry.draft.${place}`;
const KEPT = 200_000; // characters; a longer paste lives as long as the page

export const readDraft = (place: string): string => readSetting(name(place)) ?? '';

export function keepDraft(place: string, text: string): void {
  writeSetting(name(place), text === '' || text.length > KEPT ? null : text);
}
