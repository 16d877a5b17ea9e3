import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { ConnectionPage, DisconnectedOut } from '@/lib/api-types';

const KEY = ['connections'] as const;

export const useConnections = () =>
  useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await api.get<ConnectionPage>('connections', signal)).connections,
    staleTime: 0,
  });

export function useDisconnect() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<DisconnectedOut>(`connections/${encodeURIComponent(id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
