import { type RefObject, useEffect, useState } from 'react';

/** Brings a question into view and puts the focus on it, unless somebody is writing. */
export function useAttention(box: RefObject<HTMLElement | null>, key: string): void {
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
    const active = document.activeElement;
    const writing = active instanceof HTMLTextAreaElement || active instanceof HTMLInputElement ? active.value !== '' : false;
    if (!writing && active?.closest('[role="dialog"]') == null) element.focus({ preventScroll: true });
  }, [box, key]);
}

/** Whether the moment (seconds since the epoch) is past; changes when it comes. */
export function useExpired(at: number): boolean {
  const [expired, setExpired] = useState(() => Date.now() / 1000 >= at);
  useEffect(() => {
    const left = at * 1000 - Date.now();
    const timer = setTimeout(() => setExpired(true), Math.max(0, Math.min(left, 2 ** 31 - 1)));
    return () => clearTimeout(timer);
  }, [at]);
  return expired;
}
