/** A new chat's first message, on its way from the empty page to the conversation that was just made for it. */
import type { MessageIn } from '@/lib/api-types';
import { newKey } from '@/lib/api-client';

const waiting = new Map<string, { message: MessageIn; key: string }>();

export function leaveFirstMessage(conversationId: string, message: MessageIn): void {
  waiting.set(conversationId, { message, key: newKey() });
}

export function takeFirstMessage(conversationId: string): { message: MessageIn; key: string } | null {
  const found = waiting.get(conversationId) ?? null;
  waiting.delete(conversationId);
  return found;
}
