import { Button, Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import type { TurnOut } from '@/lib/api-types';
import { chooseBranch, conversationQuery, useConversation } from '../api/conversations';
import { stopTurn } from '../api/turns';
import { takeFirstMessage } from '../model/first-message';
import { stateOf } from '../model/fold';
import { branchOf } from '../model/store';
import { useConversationStore } from '../model/use-conversation';
import css from './Conversation.module.css';
import { Composer } from './Composer';
import { Turn } from './Turn';

interface Props {
  id: string;
  gptName: string | null;
}

/** An open conversation: its turns, and the composer below them. */
export function Conversation({ id, gptName }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const detail = useConversation(id);
  const { snapshot, outgoing, send, retry, edit, forget, store } = useConversationStore(id);
  const { turns, connection, settled } = snapshot;
  const last = turns.at(-1);
  const [stopping, setStopping] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const running = (last !== undefined && stateOf(last) === 'running') || outgoing?.sending === true;

  useEffect(() => {
    const first = takeFirstMessage(id);
    if (first !== null) void send(first.message, first.key);
  }, [id, send]);

  const { box, onScroll, atEnd, toEnd } = useStickToEnd(snapshot);
  const branches = useBranches(detail.data?.turns);
  const mayChange = !running;

  const ask = useCallback(
    (text: string, forceFunction?: string) => void send({ text, force_function: forceFunction ?? null }),
    [send],
  );
  const onBranch = useCallback(
    async (turnId: string) => {
      const now = await client.ensureQueryData(conversationQuery(id));
      const head = leafOf(now.turns, turnId);
      await chooseBranch(id, head);
      store.showBranch(branchOf(now.turns, head));
    },
    [client, id, store],
  );

  const stop = () => {
    if (last === undefined) return;
    setStopping(last.id);
    stopTurn(last.id).then(() => setProblem(null), setProblem).finally(() => setStopping(null));
  };

  if (connection === 'gone' || detail.isError) {
    return (
      <div className={css.gone}>
        {detail.isError ? <Trouble error={detail.error} onRetry={() => void detail.refetch()} /> : <p>{t('chat.gone')}</p>}
      </div>
    );
  }

  return (
    <div className={css.conversation}>
      <div className={css.scroll} ref={box} onScroll={onScroll} tabIndex={0} role="region" aria-label={t('chat.label')}>
        <div className={css.column}>
          {!settled && turns.length === 0 && <Loader className={css.loading} size="sm" aria-label={t('loading')} />}
          {turns.map((turn) => (
            <Turn key={turn.id} turn={turn} gptName={gptName} mayChange={mayChange} branches={branches.get(turn.id) ?? null}
              onAsk={mayChange ? ask : null} onRetry={retry} onEdit={edit} onBranch={onBranch} />
          ))}
          {outgoing !== null && (
            <div className={css.outgoing}>
              <div className={css.outgoingText}>{outgoing.message.text}</div>
              {outgoing.error !== null && (
                <>
                  <Trouble error={outgoing.error} onRetry={() => void send(outgoing.message, outgoing.key)} />
                  <Button size="compact-xs" variant="subtle" onClick={forget}>
                    {t('chat.discard')}
                  </Button>
                </>
              )}
            </div>
          )}
        </div>
      </div>
      <div className={css.foot}>
        <div className={css.column}>
          {!atEnd && (
            <Button className={css.toEnd} size="compact-sm" variant="default" radius="xl" onClick={toEnd}>
              {t('chat.to_end')}
            </Button>
          )}
          {connection === 'away' && (
            <p className={css.away} role="status">
              <Loader size={12} aria-hidden="true" /> {t('chat.away')}
            </p>
          )}
          {problem !== null && <Trouble error={problem} />}
          <Composer key={id} place={id} conversationId={id} running={running && stopping === null} disabled={stopping !== null} autoFocus
            onStop={stop}
            onSend={(text, fileIds) => {
              void send({ text, file_ids: fileIds });
              toEnd();
              return Promise.resolve(true);
            }} />
          <p className={css.small}>{t('chat.small')}</p>
        </div>
      </div>
      <p className="seen-by-readers" aria-live="polite">
        {last !== undefined && settled ? t(`chat.state.${stateOf(last)}`) : ''}
      </p>
    </div>
  );
}

/** Follows what is written while the reader stands at the end; leaves them alone when they have scrolled up. */
function useStickToEnd(change: unknown) {
  const box = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [atEnd, setAtEnd] = useState(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && stuck.current) element.scrollTop = element.scrollHeight;
  }, [change]);
  const onScroll = useCallback(() => {
    const element = box.current;
    if (element === null) return;
    stuck.current = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
    setAtEnd(stuck.current);
  }, []);
  const toEnd = useCallback(() => {
    stuck.current = true;
    const element = box.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
    setAtEnd(true);
  }, []);
  return { box, onScroll, atEnd, toEnd };
}

/** Turn id -> it and those that stand in its place on other branches. */
function useBranches(turns: readonly TurnOut[] | undefined) {
  return useMemo(() => {
    const beside = new Map<string | null, string[]>();
    for (const turn of turns ?? []) {
      const ids = beside.get(turn.parent_turn_id);
      if (ids === undefined) beside.set(turn.parent_turn_id, [turn.id]);
      else ids.push(turn.id);
    }
    const found = new Map<string, { at: number; ids: readonly string[] }>();
    for (const ids of beside.values()) if (ids.length > 1) ids.forEach((id, at) => found.set(id, { at, ids }));
    return found;
  }, [turns]);
}

/** The latest turn below this one. */
function leafOf(turns: readonly TurnOut[], id: string): string {
  let leaf = id;
  for (;;) {
    const next = turns.filter((turn) => turn.parent_turn_id === leaf).at(-1);
    if (next === undefined) return leaf;
    leaf = next.id;
  }
}
