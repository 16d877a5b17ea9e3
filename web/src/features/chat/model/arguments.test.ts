import { expect, it } from 'vitest';
import { fieldsOf, writeFields } from './arguments';

it.each([
  '{"body":{"todo":"milk","n":1},"path":{"id":"a/b"}}',
  '{"a":[1,{"b":null}],"c":true,"d":{}}',
  '{"__proto__":{"x":"1"},"constructor":"y"}',
  '{"a":{"b":{"c":{"d":"deep"}}}}',
])('%s comes back as it was', (json) => {
  const fields = fieldsOf(json);
  expect(fields).not.toBeNull();
  expect(writeFields(fields ?? [])).toBe(JSON.stringify(JSON.parse(json)));
});

it('has nothing to edit in what is no object', () => {
  for (const json of ['[]', '1', 'null', '{', '{}']) expect(fieldsOf(json)).toBeNull();
});

it('waits until a value is JSON', () => {
  expect(writeFields([{ path: ['n'], kind: 'json', text: '1,' }])).toBeNull();
});
