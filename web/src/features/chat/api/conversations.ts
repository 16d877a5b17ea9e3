/** Conversations: list, begin, rename, delete. */
import { type QueryClient, queryOptions, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { ConversationChange, ConversationDetail, ConversationIn, ConversationOut, ConversationPage, Done } from '@/lib/api-types';

const LIST = ['conversations'] as const;

export function useConversations() {
  return useInfiniteQuery({
    queryKey: LIST,
    queryFn: ({ pageParam, signal }) =>
      api.get<ConversationPage>(`conversations?limit=50${pageParam ? `&before=${encodeURIComponent(pageParam)}` : ''}`, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ['conversation', id],
    queryFn: ({ signal }) => api.get<ConversationDetail>(`conversations/${id}`, signal),
    retry: (count, error) => count < 2 && !('status' in error && error.status === 404),
  });

export const useConversation = (id: string) => useQuery(conversationQuery(id));

export const createConversation = (given: ConversationIn) => api.post<ConversationOut>('conversations', given);

export const chooseBranch = (id: string, head: string) =>
  api.patch<ConversationOut>(`conversations/${id}`, { head_turn_id: head });

export function refreshConversations(client: QueryClient, id?: string): void {
  void client.invalidateQueries({ queryKey: LIST });
  if (id !== undefined) void client.invalidateQueries({ queryKey: ['conversation', id] });
}

export function useRefreshConversations() {
  const client = useQueryClient();
  return (id?: string) => refreshConversations(client, id);
}

export function useChangeConversation() {
  const refresh = useRefreshConversations();
  return useMutation({
    mutationFn: ({ id, ...change }: ConversationChange & { id: string }) =>
      api.patch<ConversationOut>(`conversations/${id}`, change),
    onSuccess: (_, { id }) => refresh(id),
  });
}

export function useDeleteConversation() {
  const refresh = useRefreshConversations();
  return useMutation({
    mutationFn: (id: string) => api.delete<Done>(`conversations/${id}`),
    onSuccess: () => refresh(),
  });
}
