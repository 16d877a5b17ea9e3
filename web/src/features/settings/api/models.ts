import { useQuery } from '@tanstack/react-query';
import { api } from '@/lib/api-client';
import type { ModelPage } from '@/lib/api-types';

export const useModels = () =>
  useQuery({ queryKey: ['models'], queryFn: async ({ signal }) => (await api.get<ModelPage>('models', signal)).models });
