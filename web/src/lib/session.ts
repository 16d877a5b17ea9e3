/** Who is signed in. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, rememberSession } from './api-client';
import type { Done, OidcStart, SessionOut, SignInIn } from './api-types';

export const SESSION = ['session'] as const;

export function useSession() {
  return useQuery({
    queryKey: SESSION,
    queryFn: async ({ signal }) => rememberSession(await api.get<SessionOut>('session', signal)),
    staleTime: Infinity,
    retry: (count, error) => count < 3 && !(error instanceof Error && 'status' in error && error.status === 403),
  });
}

/** The one-time token in the address's fragment, taken out of the address (and of the history) at once. */
export function takeLinkToken(): string | null {
  const fragment = new URLSearchParams(window.location.hash.slice(1));
  const token = fragment.get('token');
  if (token !== null) window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return token;
}

export const signInWithLink = async (token: string) =>
  rememberSession(await api.post<SessionOut>('session/link', { token }));

export const signInWithPassword = async (given: SignInIn) =>
  rememberSession(await api.post<SessionOut>('session/password', given));

export const beginOidc = () => api.post<OidcStart>('session/oidc');

export function useSignOut() {
  const client = useQueryClient();
  return async () => {
    await api.delete<Done>('session');
    client.clear();
    await client.invalidateQueries({ queryKey: SESSION });
  };
}
