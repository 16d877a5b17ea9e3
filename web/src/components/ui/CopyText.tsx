import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './Icon';

/** Puts a text on the clipboard and says so; where the browser forbids it, says that. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('done');
    } catch {
      setState('failed');
    }
    setTimeout(() => setState('idle'), 2000);
  };
  return (
    <Button size="compact-xs" variant="subtle" leftSection={<Icon name={state === 'done' ? 'check' : 'copy'} size={14} />}
      onClick={() => void copy()}>
      <span aria-live="polite">{state === 'idle' ? label : t(state === 'done' ? 'copy.done' : 'copy.failed')}</span>
    </Button>
  );
}
