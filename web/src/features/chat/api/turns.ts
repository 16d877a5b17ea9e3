/** Turns: send, stop, retry, edit, answer, and the view under the hood. */
import { useQuery } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { AcceptedOut, AnswerIn, AnswerOut, Done, EditIn, MessageIn, TraceOut } from '@/lib/api-types';

export const sendMessage = (conversationId: string, message: MessageIn, key: string) =>
  api.post<AcceptedOut>(`conversations/${conversationId}/messages`, message, { 'Idempotency-Key': key });

export const stopTurn = (id: string) => api.post<Done>(`turns/${id}/stop`);

export const retryTurn = (id: string, key: string) =>
  api.post<AcceptedOut>(`turns/${id}/retry`, undefined, { 'Idempotency-Key': key });

export const editTurn = (id: string, message: EditIn, key: string) =>
  api.post<AcceptedOut>(`turns/${id}/edit`, message, { 'Idempotency-Key': key });

/** The call is named by id and digest alone (THREATS P-01). */
export const answerCall = (turnId: string, callId: string, answer: AnswerIn) =>
  api.post<AnswerOut>(`turns/${turnId}/calls/${callId}/answer`, answer);

export const finishSignIn = (turnId: string, callId: string, connected: boolean) =>
  api.post<AnswerOut>(`turns/${turnId}/calls/${callId}/sign-in`, { connected });

export function useTrace(turnId: string, open: boolean) {
  return useQuery({
    queryKey: ['trace', turnId],
    queryFn: ({ signal }) => api.get<TraceOut>(`turns/${turnId}/trace`, signal),
    enabled: open,
    staleTime: 2_000,
  });
}
