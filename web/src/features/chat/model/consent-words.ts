/** The server's English sentences of a question, in the page's language; one that is not known here stays as it is. */
import type { TFunction } from 'i18next';
import { visible } from '@/lib/hosts';

const REASONS: readonly [RegExp, string][] = [
  [/^This operation has consequences; it is asked every time\.$/, 'confirm.reason.consequential'],
  [/^This is the first call to (?<host>.+)\.$/, 'confirm.reason.first_call'],
  [/^This operation changes something\.$/, 'confirm.reason.write'],
  [/^It may be suggested by content from (?<host>.+)\.$/, 'confirm.reason.suggested'],
  [/^This very call was sent before, and its outcome is not known: allowed again, it may happen twice\.$/, 'confirm.reason.not_known'],
];

export function reasonText(t: TFunction, reason: string): string {
  for (const [pattern, key] of REASONS) {
    const match = pattern.exec(reason);
    if (match !== null) return t(key, { host: visible(match.groups?.host ?? '') });
  }
  return visible(reason);
}

const SENTENCE = /^(?<name>\S+) sends (?<method>[A-Z]+) to (?<host>\S+?)(?<rest>: [^]*|\.?)$/;

export function sentenceText(t: TFunction, sentence: string): string {
  const found = SENTENCE.exec(sentence)?.groups;
  if (found === undefined) return visible(sentence);
  return t('confirm.sentence', {
    name: visible(found.name ?? ''), method: found.method, host: visible(found.host ?? ''), rest: visible(found.rest ?? ''),
  });
}
