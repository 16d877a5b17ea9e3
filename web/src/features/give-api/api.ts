/** From whatever was pasted to a GPT to chat with. */
import { useMutation } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { GptOut, ImportOut } from '@/lib/api-types';

export const useImport = () =>
  useMutation({ mutationFn: (source: string) => api.post<ImportOut>('actions/documents/import', { source }) });

/** Made and published for its maker alone. */
export const useMakeGpt = () =>
  useMutation({
    mutationFn: async (source: string) => {
      const made = await api.post<GptOut>('gpts', { source });
      return api.post<GptOut>(`gpts/${made.id}/publish`, { revision: made.draft_revision });
    },
  });
