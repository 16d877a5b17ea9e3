import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { ConsentPage, Done } from '@/lib/api-types';

const KEY = ['consents'] as const;

export const useConsents = () =>
  useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<ConsentPage>('consents', signal), staleTime: 0 });

export function useRevokeConsent() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<Done>(`consents/${encodeURIComponent(id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}

export function useRevokeAllConsents() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete<Done>('consents'),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
