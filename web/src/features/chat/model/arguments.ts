/** Arguments of a call as fields of a form, and back. */

export interface Field {
  /** Names from the outside in: `["body", "todo"]`. */
  path: readonly string[];
  /** Text is edited as it is; everything else as JSON. */
  kind: 'text' | 'json';
  text: string;
}

const DEEPEST = 3;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null when they are no JSON object, or an empty one: nothing to edit. */
export function fieldsOf(json: string): Field[] | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const fields = leaves(value, []);
  return fields.length > 0 ? fields : null;
}

function leaves(value: Record<string, unknown>, path: readonly string[]): Field[] {
  return Object.entries(value).flatMap(([name, each]): Field[] => {
    const here = [...path, name];
    if (isObject(each) && Object.keys(each).length > 0 && here.length < DEEPEST) return leaves(each, here);
    return [
      typeof each === 'string'
        ? { path: here, kind: 'text', text: each }
        : { path: here, kind: 'json', text: JSON.stringify(each, null, 2) },
    ];
  });
}

/** JSON text; null while a field does not hold what it must. */
export function writeFields(fields: readonly Field[]): string | null {
  const root = new Map<string, unknown>();
  for (const field of fields) {
    let value: unknown = field.text;
    if (field.kind === 'json') {
      try {
        value = JSON.parse(field.text);
      } catch {
        return null;
      }
    }
    put(root, field.path, value);
  }
  return JSON.stringify(plain(root));
}

function put(into: Map<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    into.set(name, value);
    return;
  }
  const found = into.get(name);
  const inner = found instanceof Map ? (found as Map<string, unknown>) : new Map<string, unknown>();
  into.set(name, inner);
  put(inner, rest, value);
}

/** Maps first: `__proto__` is a name like others here. */
function plain(map: Map<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...map].map(([name, value]) => [name, value instanceof Map ? plain(value as Map<string, unknown>) : value]));
}
