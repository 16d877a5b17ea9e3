import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Picture } from '@/components/ui/Picture';
import { Trouble } from '@/components/ui/Trouble';
import type { GptCard } from '@/lib/gpts';
import { visible } from '@/lib/hosts';
import { createConversation, useRefreshConversations } from '../api/conversations';
import { leaveFirstMessage } from '../model/first-message';
import { Composer } from './Composer';
import css from './NewChat.module.css';

interface Props {
  gptId: string | null;
  gpt: GptCard | null;
  onOpen: (conversationId: string) => void;
  /** Below the starters: what else can be begun with. */
  children?: ReactNode;
}

/** An empty chat: who answers, what to begin with, and the composer. */
export function NewChat({ gptId, gpt, onOpen, children }: Props) {
  const { t } = useTranslation();
  const refresh = useRefreshConversations();
  const [problem, setProblem] = useState<unknown>(null);
  const [last, setLast] = useState<string | null>(null);

  const begin = async (text: string, fileIds: string[] = []): Promise<boolean> => {
    setProblem(null);
    setLast(text);
    try {
      const made = await createConversation({ gpt_id: gptId, title: titleFrom(text) });
      leaveFirstMessage(made.id, { text, file_ids: fileIds });
      refresh();
      onOpen(made.id);
      return true;
    } catch (error) {
      setProblem(error);
      return false;
    }
  };
  const name = visible(gpt?.name ?? '') || t('chat.assistant');

  return (
    <div className={css.empty}>
      <div className={css.middle}>
        <Picture name={name} size={56} />
        <h2 className={css.name}>{name}</h2>
        {gpt?.description && <p className={css.description}>{visible(gpt.description)}</p>}
        {gpt?.builder && <p className={css.builder}>{t('chat.by', { name: visible(gpt.builder) })}</p>}
        {gpt !== null && gpt.starters.length > 0 && (
          <ul className={css.starters} aria-label={t('chat.starters')}>
            {gpt.starters.map((starter) => (
              <li key={starter}>
                <button type="button" onClick={() => void begin(starter)}>
                  {visible(starter)}
                </button>
              </li>
            ))}
          </ul>
        )}
        {children}
      </div>
      <div className={css.foot}>
        {problem !== null && <Trouble error={problem} onRetry={last === null ? undefined : () => void begin(last)} />}
        <Composer place={`new-${gptId ?? ''}`} conversationId={null} running={false} autoFocus onSend={begin} />
      </div>
    </div>
  );
}

/** The first words of what was said; renamed at will later. */
function titleFrom(text: string): string {
  const line = visible(text).trim().split(/\s+/).join(' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
