import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import type { SignInAsked } from '@/lib/api-types';
import { visible } from '@/lib/hosts';
import { enterKey, startConnection } from '../api/connections';
import { finishSignIn } from '../api/turns';
import type { CallView } from '../model/fold';
import { useAttention } from '../model/use-attention';
import css from './Card.module.css';

interface Props {
  call: CallView;
  asked: SignInAsked;
  gptName: string | null;
}

/** The call waits for a connection; after it the call goes on by itself (OA-12). */
export function SignInCard({ call, asked, gptName }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  const title = useId();
  useAttention(box, call.id);
  const [key, setKey] = useState('');
  const [busy, setBusy] = useState(false);
  const [opened, setOpened] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  const signIn = () => {
    // The window is opened within the click, or the browser would block it.
    const window_ = window.open('', '_blank');
    void attempt(async () => {
      try {
        const { url } = await startConnection(asked.action_id);
        if (window_ === null) window.location.assign(url);
        else window_.location.assign(url);
        setOpened(true);
      } catch (error) {
        window_?.close();
        throw error;
      }
    });
  };

  const giveKey = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      await enterKey(asked.action_id, key.trim());
      setKey('');
    });
  };

  const decline = () => void attempt(() => finishSignIn(call.turnId, call.id, false));

  return (
    <section ref={box} className={css.question} tabIndex={-1} aria-labelledby={title}>
      <h3 id={title}>{t(asked.kind === 'oauth' ? 'signin.oauth' : 'signin.key', { host: asked.host })}</h3>
      <p className={css.who}>{t('signin.who', { gpt: visible(gptName ?? t('chat.assistant')), name: visible(call.fn) })}</p>
      {asked.instructions !== '' && <p className={css.sentence}>{visible(asked.instructions)}</p>}
      {problem !== null && <Trouble error={problem} />}
      {asked.kind === 'oauth' ? (
        <>
          <div className={css.actions}>
            <Button loading={busy} onClick={signIn}>
              {t('signin.open', { host: asked.host })}
            </Button>
            {opened && (
              <Button variant="default" disabled={busy} onClick={() => void attempt(() => finishSignIn(call.turnId, call.id, true))}>
                {t('signin.done')}
              </Button>
            )}
            <Button variant="default" disabled={busy} onClick={decline}>
              {t('signin.not_now')}
            </Button>
          </div>
          {opened && <p className={css.note}>{t('signin.opened')}</p>}
        </>
      ) : (
        <form onSubmit={giveKey} autoComplete="off">
          <PasswordInput label={t('signin.key_label', { host: asked.host })} value={key} autoComplete="off"
            visibilityToggleButtonProps={{ 'aria-label': t('signin.show_key') }}
            onChange={(event) => setKey(event.currentTarget.value)} />
          <p className={css.note}>{t('signin.key_note')}</p>
          <div className={css.actions}>
            <Button type="submit" loading={busy} disabled={key.trim() === ''}>
              {t('signin.save_key')}
            </Button>
            <Button variant="default" disabled={busy} onClick={decline}>
              {t('signin.not_now')}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}
