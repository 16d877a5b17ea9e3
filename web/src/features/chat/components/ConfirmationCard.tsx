import { Button, Textarea } from '@mantine/core';
import { useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import type { AnswerIn, AnswerOut, ConfirmationAsked } from '@/lib/api-types';
import { clock, pretty } from '@/lib/format';
import { visible } from '@/lib/hosts';
import { answerCall } from '../api/turns';
import { type Field, fieldsOf, writeFields } from '../model/arguments';
import { reasonText, sentenceText } from '../model/consent-words';
import type { CallView } from '../model/fold';
import { useAttention, useExpired } from '../model/use-attention';
import css from './Card.module.css';

interface Props {
  call: CallView;
  asked: ConfirmationAsked;
  gptName: string | null;
}

/** Everything here comes from the call as the server stored it; nothing from what the model wrote (THREATS P-02). */
export function ConfirmationCard({ call, asked, gptName }: Props) {
  const { t, i18n } = useTranslation();
  const box = useRef<HTMLElement>(null);
  const title = useId();
  useAttention(box, asked.digest);
  const expired = useExpired(asked.expires_at);
  const [fields, setFields] = useState<Field[] | null>(null);
  const [deciding, setDeciding] = useState<AnswerIn['decision'] | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [answer, setAnswer] = useState<AnswerOut | null>(null);

  const written = fields === null ? null : writeFields(fields);
  const wrong = fields !== null && written === null;

  const decide = async (decision: AnswerIn['decision']) => {
    setDeciding(decision);
    setProblem(null);
    try {
      const changed = decision !== 'decline' && written !== null ? written : undefined;
      setAnswer(await answerCall(call.turnId, call.id, { digest: asked.digest, decision, arguments: changed ?? null }));
    } catch (error) {
      setProblem(error);
    } finally {
      setDeciding(null);
    }
  };
  const over = expired || answer !== null;

  return (
    <section ref={box} className={css.question} tabIndex={-1} aria-labelledby={title}>
      <h3 id={title}>{t('confirm.title', { host: call.host ?? '' })}</h3>
      <p className={css.who}>
        {t('confirm.who', { gpt: visible(gptName ?? t('chat.assistant')), name: visible(call.fn) })}
      </p>
      <p className={css.sentence}>{sentenceText(t, asked.sentence)}</p>
      {asked.reasons.length > 0 && (
        <ul className={css.reasons}>
          {asked.reasons.map((reason) => (
            <li key={reason}>{reasonText(t, reason)}</li>
          ))}
        </ul>
      )}
      {call.request !== null && (
        <>
          <div className={css.line} tabIndex={0} role="group" aria-label={t('confirm.request')}>
            <span className={css.method}>{call.request.method}</span>
            <span>{visible(call.request.url)}</span>
          </div>
          {call.request.body !== null && fields === null && (
            <pre className={css.block} tabIndex={0} aria-label={t('confirm.body')}>
              {visible(pretty(call.request.body))}
            </pre>
          )}
        </>
      )}
      {fields !== null && (
        <>
          <div className={css.fields}>
            {fields.map((field, index) => (
              <Textarea key={field.path.join('\n')} label={visible(field.path.join(' › '))} value={field.text} autosize={false} rows={field.text.length > 60 ? 3 : 1}
                description={field.kind === 'json' ? t('confirm.as_json') : undefined}
                error={field.kind === 'json' && writeFields([field]) === null ? t('confirm.not_json') : undefined}
                onChange={(event) => {
                  const text = event.currentTarget.value;
                  setFields(fields.map((each, at) => (at === index ? { ...each, text } : each)));
                }} />
            ))}
          </div>
          <p className={css.note}>{t('confirm.edit_note')}</p>
        </>
      )}
      {problem !== null && <Trouble error={problem} />}
      {answer !== null && (
        <p className={css.note} role="status">
          {t(answer.first ? 'confirm.yours' : 'confirm.other', { outcome: t(`confirm.outcome.${answer.outcome}`, { defaultValue: answer.outcome }) })}
        </p>
      )}
      {expired && answer === null && (
        <p className={css.note} role="status">
          {t('confirm.expired')}
        </p>
      )}
      <div className={css.actions}>
        <Button disabled={over || wrong || deciding !== null} loading={deciding === 'allow'} onClick={() => void decide('allow')}>
          {t('confirm.allow')}
        </Button>
        {asked.may_always_allow && (
          <Button variant="default" disabled={over || wrong || deciding !== null} loading={deciding === 'always_allow'}
            onClick={() => void decide('always_allow')}>
            {t('confirm.always')}
          </Button>
        )}
        <Button variant="default" disabled={over || deciding !== null} loading={deciding === 'decline'}
          onClick={() => void decide('decline')}>
          {t('confirm.decline')}
        </Button>
        {!over && fields === null && fieldsOf(call.arguments) !== null && (
          <Button variant="subtle" onClick={() => setFields(fieldsOf(call.arguments))}>
            {t('confirm.edit')}
          </Button>
        )}
        {fields !== null && !over && (
          <Button variant="subtle" onClick={() => setFields(null)}>
            {t('confirm.no_edit')}
          </Button>
        )}
      </div>
      {!over && <p className={css.note}>{t('confirm.until', { time: clock(asked.expires_at, i18n.language) })}</p>}
    </section>
  );
}
