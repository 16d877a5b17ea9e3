import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { Done, SessionInfo } from '@/lib/api-types';

const KEY = ['sessions'] as const;

export const useSessions = () =>
  useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<SessionInfo[]>('account/sessions', signal), staleTime: 0 });

export function useEndSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<Done>(`account/sessions/${encodeURIComponent(id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

export function useEndOtherSessions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete<Done>('account/sessions'),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
