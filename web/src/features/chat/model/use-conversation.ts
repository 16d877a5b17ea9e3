import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { newKey } from '@/lib/api-client';
import type { AcceptedOut, MessageIn } from '@/lib/api-types';
import { refreshConversations } from '../api/conversations';
import { editTurn, retryTurn, sendMessage } from '../api/turns';
import { ConversationStore } from './store';

/** A message on its way: shown at once, kept with its key until the server has it. */
export interface Outgoing {
  key: string;
  message: MessageIn;
  error: unknown;
  sending: boolean;
}

export function useConversationStore(id: string) {
  const client = useQueryClient();
  const store = useMemo(() => new ConversationStore(id, () => refreshConversations(client, id)), [id, client]);
  const snapshot = useSyncExternalStore(store.subscribe, store.read);
  const [outgoing, setOutgoing] = useState<Outgoing | null>(null);

  const took = useCallback(
    (accepted: AcceptedOut) => {
      store.take(accepted.event);
      refreshConversations(client, id);
    },
    [store, id, client],
  );

  const send = useCallback(
    async (message: MessageIn, key = newKey()): Promise<void> => {
      setOutgoing({ key, message, error: null, sending: true });
      try {
        took(await sendMessage(id, message, key));
        setOutgoing(null);
      } catch (error) {
        setOutgoing({ key, message, error, sending: false });
      }
    },
    [id, took],
  );

  const retry = useCallback(
    async (turnId: string) => {
      const accepted = await retryTurn(turnId, newKey());
      store.replaceFrom(turnId);
      took(accepted);
    },
    [store, took],
  );

  const edit = useCallback(
    async (turnId: string, text: string, fileIds: readonly string[]) => {
      const accepted = await editTurn(turnId, { text, file_ids: [...fileIds] }, newKey());
      store.replaceFrom(turnId);
      took(accepted);
    },
    [store, took],
  );

  const forget = useCallback(() => setOutgoing(null), []);
  return { snapshot, outgoing, send, retry, edit, forget, store };
}
