// Answers, for every JSON line {id, spec, parameters, requestBody, requestContentType, baseURL} on standard input,
// the request that swagger-client would send: {id, method, url, headers, body}. Nothing is sent: `userFetch`
// takes the request where `fetch` would. Files arrive as {"$file": {name, type, base64}}.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.env.ORACLE_MODULES + '/');
const { execute } = require('swagger-client').default ?? require('swagger-client');

const revive = (key, value) => {
  if (value !== null && typeof value === 'object' && value.$file) {
    const { name, type, base64 } = value.$file;
    return new File([Buffer.from(base64, 'base64')], name, { type });
  }
  return value;
};

const field = async ([name, value]) => {
  if (typeof value === 'string') return { name, text: value };
  const base64 = Buffer.from(await value.arrayBuffer()).toString('base64');
  return { name, base64, type: value.type, file: value.name };
};

const readBody = async (body) => {
  if (body === undefined || body === null) return null;
  if (body instanceof FormData) return { fields: await Promise.all([...body.entries()].map(field)) };
  if (body instanceof Blob) return { base64: Buffer.from(await body.arrayBuffer()).toString('base64') };
  if (typeof body === 'string') return { text: body };
  return { text: String(body) };
};

async function answer(question) {
  let taken;
  const userFetch = (url, request) => {
    taken = { url, request };
    return new Response('', { status: 200 });
  };
  await execute({ ...question, operationId: 'op', userFetch });
  const { url, request } = taken;
  return { method: request.method, url, headers: request.headers, body: await readBody(request.body) };
}

console.warn = () => {};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...question } = JSON.parse(line, revive);
  let reply;
  try {
    reply = await answer(question);
  } catch (error) {
    reply = { error: String(error && error.message) };
  }
  process.stdout.write(`${JSON.stringify({ id, ...reply })}\n`);
}
