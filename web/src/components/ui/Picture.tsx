import css from './Picture.module.css';

/** A GPT's first letter, on a colour of its own name; no picture is loaded from anywhere. */
export function Picture({ name, size = 24 }: { name: string; size?: number }) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  const letter = Array.from(name.trim())[0]?.toUpperCase() ?? 'A';
  return (
    <span className={css.picture} aria-hidden="true"
      style={{ width: size, height: size, fontSize: size * 0.5, background: `hsl(${hash % 360} 45% 32%)` }}>
      {letter}
    </span>
  );
}
