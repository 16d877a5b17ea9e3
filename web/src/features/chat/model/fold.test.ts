import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '@/lib/api-types';
import { type TurnView, emptyTurn, fold, stateOf } from './fold';

const play = (...events: unknown[]): TurnView =>
  events.reduce<TurnView>(
    (turn, event, index) => fold(turn, { turn_id: 't-1', seq: index + 1, at: index, event } as StoredEvent),
    emptyTurn('t-1', 0),
  );

const started = (round: number) => ({ type: 'model_started', round, model: 'm', offered: ['addTodo'] });
const proposed = (more = {}) => ({
  type: 'call_proposed', call_id: 'k-1', provider_call_id: 'p', function: 'addTodo', arguments: '{}', action_id: 'a-1',
  operation: 'POST /todos', host: 'api.example', consequential: false, digest: 'd', request: null, ...more,
});
const asked = {
  type: 'confirmation_asked', call_id: 'k-1', digest: 'd', may_always_allow: true, reasons: [], sentence: 's', expires_at: 1,
};
const texts = (turn: TurnView) => turn.pieces.flatMap((piece) => (piece.kind === 'text' ? piece.text : []));

describe('a turn', () => {
  it('voids the text of a cut try of the same round, and keeps that of others', () => {
    const turn = play(started(0), { type: 'text', text: 'one' }, started(1), { type: 'text', text: 'cut' }, started(1), { type: 'text', text: 'two' });
    expect(texts(turn)).toEqual(['one', 'two']);
  });

  it('waits for a person, then goes on', () => {
    const waiting = play(started(0), proposed(), asked);
    expect(stateOf(waiting)).toBe('waiting');
    const answered = fold(waiting, {
      turn_id: 't-1', seq: 4, at: 4,
      event: { type: 'confirmation_answered', call_id: 'k-1', decision: 'allow', by: 'u', arguments: null },
    });
    expect([stateOf(answered), answered.calls['k-1']?.decision]).toEqual(['running', 'allow']);
  });

  it('shows a call that is proposed anew once, as it is now', () => {
    const turn = play(started(0), proposed(), asked, proposed({ arguments: '{"a":1}' }));
    expect(turn.pieces).toHaveLength(1);
    expect(turn.calls['k-1']?.arguments).toBe('{"a":1}');
    expect(turn.calls['k-1']?.state.kind).toBe('proposed');
  });

  it('ignores what it has seen, what it does not know, and calls that were never proposed', () => {
    const turn = play(started(0), { type: 'text', text: 'a' });
    expect(fold(turn, { turn_id: 't-1', seq: 2, at: 0, event: { type: 'text', text: 'a' } })).toBe(turn);
    const strange = play({ type: 'html', html: '<b>' }, { type: 'call_failed', call_id: 'k-9', text: '', told_to: 'user', may_retry: false });
    expect([strange.pieces, strange.calls, strange.lastSeq]).toEqual([[], {}, 2]);
  });
});
