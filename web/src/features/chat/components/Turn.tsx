import { ActionIcon, Button, Loader, Textarea } from '@mantine/core';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyText } from '@/components/ui/CopyText';
import { Icon } from '@/components/ui/Icon';
import { Trouble } from '@/components/ui/Trouble';
import { API } from '@/lib/api-client';
import { visible } from '@/lib/hosts';
import { type TurnView, stateOf } from '../model/fold';
import { CallCard } from './CallCard';
import { Said } from './Said';
import css from './Turn.module.css';

interface Props {
  turn: TurnView;
  gptName: string | null;
  mayChange: boolean;
  branches: { at: number; ids: readonly string[] } | null;
  onAsk: ((text: string, forceFunction?: string) => void) | null;
  onRetry: (turnId: string) => Promise<void>;
  onEdit: (turnId: string, text: string, fileIds: readonly string[]) => Promise<void>;
  onBranch: (turnId: string) => Promise<void>;
}

/** What was said, what was called and what was answered: one turn. */
export const Turn = memo(function Turn({ turn, gptName, mayChange, branches, onAsk, onRetry, onEdit, onBranch }: Props) {
  const { t } = useTranslation();
  const [problem, setProblem] = useState<unknown>(null);
  const state = stateOf(turn);
  const answer = turn.pieces.flatMap((piece) => (piece.kind === 'text' ? piece.text : [])).join('\n\n');
  const lastIsText = turn.pieces.at(-1)?.kind === 'text';
  const attempt = (work: Promise<void>) => void work.then(() => setProblem(null), setProblem);

  return (
    <article className={css.turn} aria-busy={state === 'running'} data-turn={turn.id}>
      <Question turn={turn} mayChange={mayChange} onEdit={onEdit} />
      <div className={css.answer}>
        <h2 className="seen-by-readers">{t('chat.answer')}</h2>
        {turn.pieces.map((piece, index) => {
          switch (piece.kind) {
            case 'text':
              return <Said key={index} text={piece.text} />;
            case 'notice':
              return (
                <p key={index} className={css.notice} role="note">
                  <Icon name="alert" size={16} /> {visible(piece.text)}
                </p>
              );
            case 'call': {
              const call = turn.calls[piece.id];
              return call === undefined ? null : <CallCard key={piece.id} call={call} gptName={gptName} onAsk={onAsk} />;
            }
          }
        })}
        {state === 'running' && !lastIsText && (
          <p className={css.thinking} role="status">
            <Loader size={14} type="dots" aria-hidden="true" /> {t('chat.thinking')}
          </p>
        )}
        {turn.end !== null && turn.end.outcome !== 'done' && (
          <div className={css.end} data-outcome={turn.end.outcome} role="status">
            <Icon name={turn.end.outcome === 'failed' ? 'alert' : 'stop'} size={16} />
            <span>
              {turn.end.text ? visible(turn.end.text) : t(`chat.outcome.${turn.end.outcome}`, { defaultValue: turn.end.outcome })}
            </span>
            {mayChange && (
              <Button size="compact-sm" variant="default" onClick={() => attempt(onRetry(turn.id))}>
                {t('problem.retry')}
              </Button>
            )}
          </div>
        )}
        {problem !== null && <Trouble error={problem} />}
        {state === 'finished' && (
          <div className={css.tools}>
            {answer !== '' && <CopyText text={answer} label={t('copy.label')} />}
            {mayChange && (
              <Button size="compact-xs" variant="subtle" leftSection={<Icon name="again" size={14} />} onClick={() => attempt(onRetry(turn.id))}>
                {t('chat.retry')}
              </Button>
            )}
            {branches !== null && <Branches branches={branches} onBranch={(id) => attempt(onBranch(id))} />}
          </div>
        )}
      </div>
    </article>
  );
});

function Branches({ branches, onBranch }: { branches: { at: number; ids: readonly string[] }; onBranch: (id: string) => void }) {
  const { t } = useTranslation();
  const { at, ids } = branches;
  const go = (index: number) => {
    const id = ids[index];
    if (id !== undefined) onBranch(id);
  };
  return (
    <span className={css.branches}>
      <ActionIcon size="sm" variant="subtle" color="gray" disabled={at === 0} aria-label={t('chat.branch_before')} onClick={() => go(at - 1)}>
        <Icon name="left" size={14} />
      </ActionIcon>
      <span>{t('chat.branch', { at: at + 1, of: ids.length })}</span>
      <ActionIcon size="sm" variant="subtle" color="gray" disabled={at === ids.length - 1} aria-label={t('chat.branch_after')} onClick={() => go(at + 1)}>
        <Icon name="right" size={14} />
      </ActionIcon>
    </span>
  );
}

function Question({ turn, mayChange, onEdit }: Pick<Props, 'turn' | 'mayChange' | 'onEdit'>) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const save = async (text: string) => {
    setBusy(true);
    try {
      await onEdit(turn.id, text, turn.fileIds);
      setEditing(null);
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  if (editing !== null) {
    return (
      <div className={css.editing}>
        <Textarea aria-label={t('chat.edit_label')} value={editing} rows={Math.min(10, editing.split('\n').length + 1)} autoFocus
          onChange={(event) => setEditing(event.currentTarget.value)} />
        {problem !== null && <Trouble error={problem} />}
        <div className={css.editButtons}>
          <Button variant="default" size="compact-sm" disabled={busy} onClick={() => setEditing(null)}>
            {t('cancel')}
          </Button>
          <Button size="compact-sm" loading={busy} disabled={editing.trim() === ''} onClick={() => void save(editing)}>
            {t('composer.send')}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={css.question}>
      <h2 className="seen-by-readers">{t('chat.you')}</h2>
      <div className={css.bubble}>{turn.text}</div>
      {turn.fileIds.length > 0 && (
        <ul className={css.files}>
          {turn.fileIds.map((id, index) => (
            <li key={id}>
              <Icon name="file" size={14} />
              <a href={`${API}/files/${encodeURIComponent(id)}/content`} download>
                {t('chat.file', { number: index + 1 })}
              </a>
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <span className={css.edit}>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t('chat.edit')} onClick={() => setEditing(turn.text)}>
            <Icon name="edit" size={14} />
          </ActionIcon>
        </span>
      )}
    </div>
  );
}
