/** A person's own accounts at the APIs that are called. */
import { api } from '@/lib/api-client';

export const beginConnection = (actionId: string) => api.post<{ url: string }>(`actions/${actionId}/sign-in`);

export const saveKey = (actionId: string, key: string) => api.put<unknown>(`actions/${actionId}/key`, { key });
