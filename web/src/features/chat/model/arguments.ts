/** Arguments of a call as fields of a form, and back. */

export interface Field {
  name: string;
  /** Text is edited as it is; everything else as JSON. */
  kind: 'text' | 'json';
  text: string;
}

/** Null when they are no JSON object, or an empty one: nothing to edit. */
export function fieldsOf(json: string): Field[] | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = Object.entries(value).map(([name, each]): Field =>
    typeof each === 'string'
      ? { name, kind: 'text', text: each }
      : { name, kind: 'json', text: JSON.stringify(each, null, 2) },
  );
  return fields.length > 0 ? fields : null;
}

/** JSON text; null while a field does not hold what it must. */
export function writeFields(fields: readonly Field[]): string | null {
  const value: [string, unknown][] = [];
  for (const field of fields) {
    if (field.kind === 'text') value.push([field.name, field.text]);
    else {
      try {
        value.push([field.name, JSON.parse(field.text)]);
      } catch {
        return null;
      }
    }
  }
  // `__proto__` is a name like others here.
  return JSON.stringify(Object.fromEntries(value));
}
