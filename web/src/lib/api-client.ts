/** Every request to our server goes through here: one place for the token of changes, problems and languages. */
import type { Problem, SessionOut } from './api-types';
import { language } from './i18n';

export const API = '/api/v1';

/** What went wrong, in words that can be shown. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly mayRetry: boolean,
    readonly fields: Problem['errors'] = [],
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** No answer came: the server is away, or the network. */
  get isAway(): boolean {
    return this.status === 0;
  }
}

let csrfToken: string | null = null;
let onSignedOut: () => void = () => undefined;

export function rememberSession(session: SessionOut): SessionOut {
  csrfToken = session.csrf_token ?? null;
  return session;
}

/** Told when the server no longer knows the session. */
export function whenSignedOut(tell: () => void): void {
  onSignedOut = tell;
}

export interface RequestOptions {
  method?: string;
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  raw?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The answer, when it is a good one. Throws ApiError, or the signal's AbortError. */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { 'Accept-Language': language(), ...options.headers };
  const method = options.method ?? 'GET';
  if (method !== 'GET' && csrfToken !== null) headers['X-CSRF-Token'] = csrfToken;
  let body = options.raw;
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(options.body);
  }
  let answer: Response;
  try {
    answer = await fetch(path.startsWith('/') ? path : `${API}/${path}`, {
      method,
      headers,
      body,
      signal: options.signal,
      credentials: 'same-origin',
      redirect: 'error',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'away', '', true);
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await answer.json()) as Partial<Problem>;
  } catch {
    // A proxy's page: the status is all there is.
  }
  const code = typeof problem.code === 'string' ? problem.code : `http_${answer.status}`;
  if (answer.status === 401 && code !== 'wrong_password') onSignedOut();
  return new ApiError(
    answer.status,
    code,
    typeof problem.detail === 'string' ? problem.detail : '',
    problem.may_retry === true || answer.status >= 500,
    Array.isArray(problem.errors) ? problem.errors : [],
  );
}

async function json<T>(path: string, options?: RequestOptions): Promise<T> {
  const answer = await request(path, options);
  try {
    return (await answer.json()) as T;
  } catch {
    throw new ApiError(answer.status, 'not_json', '', true);
  }
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => json<T>(path, { signal }),
  post: <T>(path: string, body: unknown = {}, headers?: Record<string, string>) =>
    json<T>(path, { method: 'POST', body, headers }),
  put: <T>(path: string, body: unknown) => json<T>(path, { method: 'PUT', body }),
  patch: <T>(path: string, body: unknown) => json<T>(path, { method: 'PATCH', body }),
  delete: <T>(path: string) => json<T>(path, { method: 'DELETE' }),
};

/** A key under which a message is stored once, however often it is sent. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
