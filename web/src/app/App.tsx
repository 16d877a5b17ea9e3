import { Loader, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import { ApiError, whenSignedOut } from '@/lib/api-client';
import { SESSION, signInWithLink, useSession } from '@/lib/session';
import css from './App.module.css';
import { Boundary } from './Boundary';
import { Shell } from './Shell';
import { SignIn } from './SignIn';
import { colorSchemes, theme } from './theme';

const schemes = colorSchemes();
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.mayRetry,
    },
  },
});

export function App({ token }: { token: string | null }) {
  return (
    // Its colours and static classes stand in theme.css: a <style> written by a script is forbidden here.
    <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={schemes} withCssVariables={false}
      withGlobalClasses={false}>
      <QueryClientProvider client={client}>
        <Boundary>
          <Gate token={token} />
        </Boundary>
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** Signed in or not; the one-time token of the address first. */
function Gate({ token }: { token: string | null }) {
  const { t } = useTranslation();
  const [exchanging, setExchanging] = useState(token !== null);
  const [linkProblem, setLinkProblem] = useState<unknown>(null);
  const started = useRef(false);

  useEffect(() => {
    whenSignedOut(() => void client.invalidateQueries({ queryKey: SESSION }));
    if (token === null || started.current) return;
    started.current = true;
    signInWithLink(token)
      .then((session) => client.setQueryData(SESSION, session), setLinkProblem)
      .finally(() => setExchanging(false));
  }, [token]);

  return exchanging ? <Waiting label={t('signing_in')} /> : <SignedInOrNot linkProblem={linkProblem} />;
}

function SignedInOrNot({ linkProblem }: { linkProblem: unknown }) {
  const { t } = useTranslation();
  const session = useSession();
  if (session.isPending) return <Waiting label={t('loading')} />;
  if (session.data === undefined) {
    return (
      <main className={css.center}>
        <Trouble error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  return session.data.user === null ? <SignIn session={session.data} linkProblem={linkProblem} /> : <Shell session={session.data} user={session.data.user} />;
}

function Waiting({ label }: { label: string }) {
  return (
    <main className={css.center}>
      <Loader aria-hidden="true" />
      <p role="status">{label}</p>
    </main>
  );
}
