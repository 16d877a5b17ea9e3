import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import type { SessionOut } from '@/lib/api-types';
import { SESSION, beginOidc, signInWithPassword } from '@/lib/session';
import css from './App.module.css';

/** The ways that this installation has; a local one says where its address is. */
export function SignIn({ session, linkProblem }: { session: SessionOut; linkProblem: unknown }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(linkProblem);

  const attempt = async (work: () => Promise<void>) => {
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
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      client.setQueryData(SESSION, await signInWithPassword({ email, password }));
    });
  };

  return (
    <main className={css.center}>
      <div className={css.sign}>
        <h1>Actionry</h1>
        {problem !== null && <Trouble error={problem} />}
        {session.ways.local && (
          <>
            <p>{t('sign.local')}</p>
            <Button variant="default" onClick={() => void client.invalidateQueries({ queryKey: SESSION })}>
              {t('problem.retry')}
            </Button>
          </>
        )}
        {session.ways.password && (
          <form onSubmit={submit}>
            <TextInput label={t('sign.email')} type="email" autoComplete="username" required value={email}
              onChange={(event) => setEmail(event.currentTarget.value)} />
            <PasswordInput label={t('sign.password')} autoComplete="current-password" required value={password}
              visibilityToggleButtonProps={{ 'aria-label': t('sign.show_password') }}
              onChange={(event) => setPassword(event.currentTarget.value)} />
            <Button type="submit" loading={busy}>
              {t('sign.in')}
            </Button>
          </form>
        )}
        {session.ways.oidc !== null && (
          <Button variant="default" mt="md" fullWidth loading={busy}
            onClick={() => void attempt(async () => window.location.assign((await beginOidc()).url))}>
            {t('sign.with', { name: session.ways.oidc.name })}
          </Button>
        )}
      </div>
    </main>
  );
}
