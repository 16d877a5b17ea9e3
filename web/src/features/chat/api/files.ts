/** Files up. */
import { ApiError, request } from '@/lib/api-client';
import type { FileOut } from '@/lib/api-types';

export async function uploadFile(file: File, conversationId: string | null, signal?: AbortSignal): Promise<FileOut> {
  const query = new URLSearchParams({ name: file.name || 'file' });
  if (conversationId !== null) query.set('conversation_id', conversationId);
  const answer = await request(`files?${query}`, {
    method: 'PUT',
    raw: file,
    headers: { 'Content-Type': /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(file.type) ? file.type : 'application/octet-stream' },
    signal,
  });
  const said = (await answer.json()) as FileOut;
  if (typeof said.id !== 'string') throw new ApiError(answer.status, 'not_json', '', true);
  return said;
}
