import { describe, expect, it } from 'vitest';
import { Parser } from './sse';

describe('server-sent events', () => {
  it('are the same however they are cut', () => {
    const text = 'retry: 1000\n\nid: t-1:1\nevent: text\ndata: {"a":1}\n\n: ping\n\nevent: rest\r\ndata: {}\r\n\r\ndata: a\rdata: b\r\r';
    const whole = new Parser().push(`${text}x`);
    for (let size = 1; size <= 7; size += 1) {
      const parser = new Parser();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.push(text.slice(at, at + size)));
      found.push(...parser.push('x'));
      expect(found).toEqual(whole);
    }
    expect(whole).toEqual([
      { id: 't-1:1', event: 'text', data: '{"a":1}' },
      { id: null, event: 'rest', data: '{}' },
      { id: null, event: 'message', data: 'a\nb' },
    ]);
  });
});
