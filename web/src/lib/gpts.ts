/** GPTs as the page's parts share them. */
import { useQuery } from '@tanstack/react-query';
import { api } from './api-client';

export interface GptCard {
  id: string;
  name: string;
  description: string;
  builder: string | null;
  starters: readonly string[];
  welcome: string;
  privacyPolicies: readonly string[];
  mine: boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
const object = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** From the public page of a GPT, or from an editor's view of it. */
export function readGpt(id: string, value: unknown): GptCard {
  const whole = object(value);
  const content = object(whole.content ?? whole.published ?? whole.draft ?? whole);
  const of = (name: string) => content[name] ?? whole[name];
  const actions = Array.isArray(of('actions')) ? (of('actions') as unknown[]).map(object) : [];
  return {
    id,
    name: text(of('name')),
    description: text(of('description')),
    builder: text(of('builder')) || text(of('builder_name')) || null,
    starters: texts(of('starters')).slice(0, 4),
    welcome: text(of('welcome_message')),
    privacyPolicies: actions.map((action) => text(action.privacy_policy_url)).filter(Boolean),
    mine: whole.role === 'owner' || whole.mine === true,
  };
}

export function useGpt(id: string | null | undefined) {
  return useQuery({
    queryKey: ['gpt', id],
    queryFn: async ({ signal }) => readGpt(id ?? '', await api.get<unknown>(`gpts/${id}`, signal)),
    enabled: Boolean(id),
    staleTime: 60_000,
    retry: false,
  });
}
