import type { TFunction } from 'i18next';
import { expect, it } from 'vitest';
import { reasonText, sentenceText } from './consent-words';

const t = ((key: string, values: object) => `${key} ${JSON.stringify(values)}`) as unknown as TFunction;

it('knows the sentences of the server', () => {
  expect(reasonText(t, 'This is the first call to api.example.com.')).toBe('confirm.reason.first_call {"host":"api.example.com"}');
  expect(sentenceText(t, 'addTodo sends POST to 127.0.0.1:43741: Add a TODO')).toBe(
    'confirm.sentence {"name":"addTodo","method":"POST","host":"127.0.0.1:43741","rest":": Add a TODO"}',
  );
});

it('leaves others as they are, without what is unseen', () => expect(reasonText(t, 'New\u202e reason.')).toBe('New reason.'));
