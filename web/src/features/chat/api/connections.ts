/** A person's own accounts and keys at the APIs that are called. */
import { api } from '@/lib/api-client';
import type { ConnectedOut, StartOut } from '@/lib/api-types';

/** The provider's address; opened in this very browser. */
export const startConnection = (actionId: string) => api.post<StartOut>('connections/start', { action_id: actionId });

/** Calls that wait for the key go on by themselves. */
export const enterKey = (actionId: string, key: string) =>
  api.post<ConnectedOut>('connections/key', { action_id: actionId, key });
