/** What a conversation shows, folded from its events: the page has no other truth than the server's log. */
import { type ShownRequest, readRequest } from '@/lib/curl';
import type { ConfirmationAsked, SignInAsked, StoredEvent } from '@/lib/api-types';

type AnyEvent = StoredEvent['event'];

export type CallState =
  | { kind: 'proposed' }
  | { kind: 'asking'; asked: ConfirmationAsked }
  | { kind: 'signing_in'; asked: SignInAsked }
  | { kind: 'running'; since: number }
  | { kind: 'done'; status: number; mediaType: string; size: number; elapsedMs: number }
  | { kind: 'failed'; text: string; toldTo: string; mayRetry: boolean }
  | { kind: 'refused'; reason: string; text: string }
  | { kind: 'unknown'; text: string };

export interface Step {
  at: number;
  what: 'proposed' | 'asked' | 'answered' | 'sign_in_asked' | 'signed_in' | 'started' | 'finished' | 'failed' | 'refused' | 'unknown';
  detail: string;
}

export interface CallView {
  id: string;
  turnId: string;
  fn: string;
  arguments: string;
  operation: string | null;
  host: string | null;
  actionId: string | null;
  builtIn: boolean;
  request: ShownRequest | null;
  offered: readonly string[];
  state: CallState;
  decision: 'allow' | 'always_allow' | 'decline' | null;
  changedByPerson: boolean;
  /** What the model read. */
  modelText: string | null;
  response: { headers: [string, string][]; body: string; cut: boolean; remarks: string[] } | null;
  fileIds: readonly string[];
  steps: readonly Step[];
}

export type Piece =
  | { kind: 'text'; round: number; text: string }
  | { kind: 'call'; id: string }
  | { kind: 'notice'; code: string; text: string };

export interface TurnView {
  id: string;
  at: number;
  text: string;
  fileIds: readonly string[];
  pieces: readonly Piece[];
  calls: Readonly<Record<string, CallView>>;
  round: number;
  model: string | null;
  offered: readonly string[];
  thinking: boolean;
  end: { outcome: string; text: string; toldTo: string | null; mayRetry: boolean } | null;
  lastSeq: number;
}

export const emptyTurn = (id: string, at: number): TurnView => ({
  id, at, text: '', fileIds: [], pieces: [], calls: {}, round: 0, model: null, offered: [], thinking: true, end: null,
  lastSeq: 0,
});

export type TurnState = 'running' | 'waiting' | 'finished';

export function stateOf(turn: TurnView): TurnState {
  if (turn.end !== null) return 'finished';
  return Object.values(turn.calls).some(isWaiting) ? 'waiting' : 'running';
}

export const isWaiting = (call: CallView) => call.state.kind === 'asking' || call.state.kind === 'signing_in';

/** The turn after an event; the same object when the event was seen before. */
export function fold(turn: TurnView, stored: StoredEvent): TurnView {
  if (stored.seq <= turn.lastSeq) return turn;
  return { ...apply(turn, stored.event, stored.at), lastSeq: stored.seq };
}

function apply(turn: TurnView, event: AnyEvent, at: number): TurnView {
  switch (event.type) {
    case 'user_message':
      return { ...turn, at, text: event.text, fileIds: event.file_ids };
    case 'model_started':
      return {
        ...turn,
        round: event.round,
        model: event.model,
        offered: event.offered,
        thinking: true,
        // Text of a cut earlier try of this round is void.
        pieces: turn.pieces.filter((piece) => piece.kind !== 'text' || piece.round !== event.round),
      };
    case 'text':
      return { ...turn, thinking: true, pieces: withText(turn.pieces, turn.round, event.text) };
    case 'model_finished':
      return { ...turn, thinking: false };
    case 'call_proposed':
      return proposed(turn, event, at);
    case 'notice':
      return { ...turn, pieces: [...turn.pieces, { kind: 'notice', code: event.code, text: event.text }] };
    case 'turn_finished':
      return {
        ...turn,
        thinking: false,
        end: { outcome: event.outcome, text: event.text, toldTo: event.told_to, mayRetry: event.may_retry },
      };
    case 'confirmation_asked':
    case 'confirmation_answered':
    case 'sign_in_asked':
    case 'sign_in_finished':
    case 'call_started':
    case 'call_finished':
    case 'call_failed':
    case 'call_refused':
    case 'call_unknown': {
      const call = turn.calls[event.call_id];
      if (call === undefined) return turn;
      return { ...turn, calls: { ...turn.calls, [call.id]: applyToCall(call, event, at) } };
    }
    default:
      // An event of a newer server: its place counts, nothing of it is shown (THREATS X-09).
      return turn;
  }
}

type CallEvent = Extract<AnyEvent, { call_id: string }>;

function applyToCall(call: CallView, event: Exclude<CallEvent, { type: 'call_proposed' }>, at: number): CallView {
  const step = (what: Step['what'], detail = ''): readonly Step[] => [...call.steps, { at, what, detail }];
  switch (event.type) {
    case 'confirmation_asked':
      return { ...call, state: { kind: 'asking', asked: event }, decision: null, steps: step('asked') };
    case 'confirmation_answered':
      return {
        ...call,
        state: { kind: 'proposed' },
        decision: event.decision,
        changedByPerson: call.changedByPerson || event.arguments !== null,
        steps: step('answered', event.decision),
      };
    case 'sign_in_asked':
      return { ...call, state: { kind: 'signing_in', asked: event }, steps: step('sign_in_asked') };
    case 'sign_in_finished':
      return { ...call, state: { kind: 'proposed' }, steps: step('signed_in', event.connected ? 'yes' : 'no') };
    case 'call_started':
      return { ...call, state: { kind: 'running', since: at }, steps: step('started', String(event.attempt)) };
    case 'call_finished':
      return {
        ...call,
        state: {
          kind: 'done', status: event.status, mediaType: event.media_type, size: event.size, elapsedMs: event.elapsed_ms,
        },
        modelText: event.text,
        response: readResponse(event.response),
        fileIds: event.file_ids,
        steps: step('finished', String(event.status)),
      };
    case 'call_failed':
      return {
        ...call,
        state: { kind: 'failed', text: event.text, toldTo: event.told_to, mayRetry: event.may_retry },
        modelText: event.text,
        steps: step('failed'),
      };
    case 'call_refused':
      return {
        ...call,
        state: { kind: 'refused', reason: event.reason, text: event.text },
        modelText: event.text,
        steps: step('refused', event.reason),
      };
    case 'call_unknown':
      return { ...call, state: { kind: 'unknown', text: event.text }, modelText: event.text, steps: step('unknown') };
  }
}

function proposed(turn: TurnView, event: Extract<AnyEvent, { type: 'call_proposed' }>, at: number): TurnView {
  const before = turn.calls[event.call_id];
  const call: CallView = {
    id: event.call_id,
    turnId: turn.id,
    fn: event.function,
    arguments: event.arguments,
    operation: event.operation,
    host: event.host,
    actionId: event.action_id,
    builtIn: event.action_id === null,
    request: readRequest(event.request),
    offered: turn.offered,
    state: { kind: 'proposed' },
    decision: before?.decision ?? null,
    changedByPerson: before?.changedByPerson ?? false,
    modelText: null,
    response: null,
    fileIds: [],
    steps: [...(before?.steps ?? []), { at, what: 'proposed', detail: '' }],
  };
  return {
    ...turn,
    calls: { ...turn.calls, [call.id]: call },
    pieces: before === undefined ? [...turn.pieces, { kind: 'call', id: call.id }] : turn.pieces,
  };
}

function withText(pieces: readonly Piece[], round: number, text: string): readonly Piece[] {
  const last = pieces.at(-1);
  if (last?.kind === 'text' && last.round === round) {
    return [...pieces.slice(0, -1), { ...last, text: last.text + text }];
  }
  return [...pieces, { kind: 'text', round, text }];
}

function readResponse(value: Record<string, unknown> | null): CallView['response'] {
  if (value === null) return null;
  const headers = Array.isArray(value.headers) ? value.headers : [];
  return {
    headers: headers.flatMap((pair): [string, string][] =>
      Array.isArray(pair) && pair.length === 2 ? [[String(pair[0]), String(pair[1])]] : [],
    ),
    body: typeof value.body === 'string' ? value.body : '',
    cut: value.cut === true,
    remarks: Array.isArray(value.remarks) ? value.remarks.map(String) : [],
  };
}
