/** GPTs as the page's parts share them. */
import { useQuery } from '@tanstack/react-query';
import { ApiError, api } from './api-client';
import type { AboutAction, AboutOut, GptOut } from './api-types';

export interface GptCard {
  id: string;
  name: string;
  description: string;
  builder: string;
  starters: readonly string[];
  actions: readonly AboutAction[];
}

/** The page of a GPT; of one that was never published, its draft. */
async function findGpt(id: string, signal: AbortSignal): Promise<GptCard> {
  const path = `gpts/${encodeURIComponent(id)}`;
  try {
    const about = await api.get<AboutOut>(`${path}/about`, signal);
    return {
      id, name: about.name, description: about.description, builder: about.owner_name,
      starters: about.starters.slice(0, 4), actions: about.actions,
    };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    const { draft, owner_name: builder } = await api.get<GptOut>(path, signal);
    return { id, name: draft.name, description: draft.description, builder, starters: draft.starters.slice(0, 4), actions: [] };
  }
}

export function useGpt(id: string | null | undefined) {
  return useQuery({
    queryKey: ['gpt', id],
    queryFn: ({ signal }) => findGpt(id ?? '', signal),
    enabled: Boolean(id),
    staleTime: 60_000,
    retry: false,
  });
}
