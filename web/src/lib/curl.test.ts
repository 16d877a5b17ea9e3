import { expect, it } from 'vitest';
import { asCurl, readRequest } from './curl';

it('quotes what a shell would read', () => {
  const request = readRequest({ method: 'POST', url: "https://a.example/it's?$(x)", headers: [['X-A', "b'c"]], body: '{"a":"`id`"}' });
  if (request === null) throw new Error('no request');
  expect(asCurl(request)).toBe(
    "curl -X 'POST' 'https://a.example/it'\\''s?$(x)' \\\n  -H 'X-A: b'\\''c' \\\n  --data-raw '{\"a\":\"`id`\"}'",
  );
});

it('reads only what is a request', () => {
  expect(readRequest(null)).toBeNull();
  expect(readRequest({ method: 1 })).toBeNull();
  expect(readRequest({ method: 'GET', url: 'u', headers: 'x', body: '' })).toEqual({ method: 'GET', url: 'u', headers: [], body: null });
});
