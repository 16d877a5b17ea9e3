import { describe, expect, it } from 'vitest';
import { misleads, visible, webAddress } from './hosts';

const at = (address: string) => {
  const url = webAddress(address);
  if (url === null) throw new Error(address);
  return url;
};

describe('links', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '//evil.example', '/api/logout', 'file:///etc/passwd', ''])(
    '%s is none',
    (address) => expect(webAddress(address)).toBeNull(),
  );
  it('lose name and password, which look like a host', () => {
    expect(at('https://bank.example@evil.example/').href).toBe('https://evil.example/');
  });
  it.each([
    ['https://bank.example', 'https://evil.example/', true],
    ['bank.example/login', 'https://evil.example/', true],
    ['bank.example', 'https://www.bank.example/a', false],
    ['read more', 'https://evil.example/', false],
    ['b\u200bank.example', 'https://bank.example/', false],
    ['see https://bank.example now', 'https://bank.example.evil.example/', true],
    ['银行.example', 'https://evil.example/', true],
  ])('%s -> %s misleads: %s', (text, address, expected) => expect(misleads(text, at(address))).toBe(expected));
  it('names in other scripts stand as punycode', () => expect(at('https://аpple.example/').host).toMatch(/^xn--/));
});

it('unseen characters are taken out', () => expect(visible('a\u202eb\u200bc\u2066d\u{e0041}e\nf')).toBe('abcde\nf'));
