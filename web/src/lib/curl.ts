/** A stored request as a cURL line; secrets are dots in it, as they are stored. */

export interface ShownRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: string | null;
}

/** From the event's free form; null when it is not one. */
export function readRequest(value: Record<string, unknown> | null | undefined): ShownRequest | null {
  if (!value || typeof value.method !== 'string' || typeof value.url !== 'string') return null;
  const headers = Array.isArray(value.headers) ? value.headers : [];
  const body = value.body;
  return {
    method: value.method,
    url: value.url,
    headers: headers.flatMap((pair): [string, string][] =>
      Array.isArray(pair) && pair.length === 2 ? [[String(pair[0]), String(pair[1])]] : [],
    ),
    body: body === null || body === undefined || body === '' ? null : typeof body === 'string' ? body : JSON.stringify(body),
  };
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

export function asCurl(request: ShownRequest): string {
  const lines = [`curl -X ${quoted(request.method)} ${quoted(request.url)}`];
  for (const [name, value] of request.headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (request.body !== null) lines.push(`--data-raw ${quoted(request.body)}`);
  return lines.join(' \\\n  ');
}
