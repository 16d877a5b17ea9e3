import { Suspense, lazy } from 'react';
import css from './Turn.module.css';

const Markdown = lazy(() => import('./Markdown'));

/** Loaded before it is needed: when somebody begins to type. */
export const prepareMarkdown = () => void import('./Markdown');

/** Text of an answer; plain until the markdown reader is there. */
export function Said({ text }: { text: string }) {
  return (
    <Suspense fallback={<div className={css.plain}>{text}</div>}>
      <Markdown text={text} />
    </Suspense>
  );
}
