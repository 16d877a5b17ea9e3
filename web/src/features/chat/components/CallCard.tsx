import { Button, Loader } from '@mantine/core';
import { Suspense, lazy, memo, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '@/components/ui/Icon';
import { bytes, duration } from '@/lib/format';
import { visible } from '@/lib/hosts';
import type { CallView } from '../model/fold';
import css from './Card.module.css';
import { ConfirmationCard } from './ConfirmationCard';
import { SignInCard } from './SignInCard';

const DebugView = lazy(() => import('./DebugView'));

type Tone = 'good' | 'bad' | 'warn' | 'plain';

interface Props {
  call: CallView;
  gptName: string | null;
  /** Sends a message on the person's behalf: to check, or to run again. */
  onAsk: ((text: string, forceFunction?: string) => void) | null;
}

/** One call in the stream: what it is, how it stands, and all of it when opened. */
export const CallCard = memo(function CallCard({ call, gptName, onAsk }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const id = useId();
  if (call.state.kind === 'asking') return <ConfirmationCard call={call} asked={call.state.asked} gptName={gptName} />;
  if (call.state.kind === 'signing_in') return <SignInCard call={call} asked={call.state.asked} gptName={gptName} />;
  return (
    <section className={css.card} data-state={call.state.kind} aria-label={t('call.label', { name: call.fn })}>
      <button type="button" className={css.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <Status call={call} />
        <span className={css.name}>
          <Title call={call} />
        </span>
        <span className={css.result}>
          <Result call={call} />
        </span>
        <span className={css.turner} data-open={open || undefined}>
          <Icon name="right" size={16} />
        </span>
      </button>
      <Words call={call} />
      {call.state.kind === 'unknown' && onAsk !== null && (
        <div className={css.buttons}>
          <Button size="compact-sm" onClick={() => onAsk(t('call.check_message', { name: call.fn }))}>
            {t('call.check')}
          </Button>
          <Button size="compact-sm" variant="default"
            onClick={() => onAsk(t('call.again_message', { name: call.fn, arguments: call.arguments }), call.fn)}>
            {t('call.run_again')}
          </Button>
        </div>
      )}
      <div id={id}>
        {open && (
          <Suspense fallback={<Loader size="sm" aria-label={t('loading')} />}>
            <DebugView call={call} />
          </Suspense>
        )}
      </div>
    </section>
  );
});

function Title({ call }: { call: CallView }) {
  const { t } = useTranslation();
  const values = { host: call.host ?? '', name: visible(call.fn) };
  const where = call.host === null ? 'own' : 'api';
  return t(call.state.kind === 'running' || call.state.kind === 'proposed' ? `call.title.${where}.now` : `call.title.${where}.past`, values);
}

const PICTURES: Record<Exclude<Tone, 'plain'>, IconName> = { good: 'check', bad: 'cross', warn: 'question' };

function tone(call: CallView): Tone {
  switch (call.state.kind) {
    case 'done':
      return call.state.status >= 400 || call.state.status === 0 ? 'bad' : 'good';
    case 'failed':
      return 'bad';
    case 'unknown':
      return 'warn';
    case 'refused':
      return call.state.reason === 'already_executed' ? 'good' : call.state.reason === 'declined' ? 'plain' : 'bad';
    default:
      return 'plain';
  }
}

function Status({ call }: { call: CallView }) {
  const found = tone(call);
  if (call.state.kind === 'running' || call.state.kind === 'proposed') return <Loader size={16} aria-hidden="true" />;
  return (
    <span className={css.mark} data-tone={found}>
      <Icon name={found === 'plain' ? 'cross' : PICTURES[found]} size={16} />
    </span>
  );
}

function Result({ call }: { call: CallView }) {
  const { t, i18n } = useTranslation();
  const locale = i18n.language;
  switch (call.state.kind) {
    case 'done':
      return (
        <>
          {call.state.status >= 400 && <strong>{t('call.status', { status: call.state.status })} · </strong>}
          {duration(call.state.elapsedMs, locale)} · {bytes(call.state.size, locale)}
        </>
      );
    case 'failed':
      return t('call.failed');
    case 'unknown':
      return t('call.unknown');
    case 'refused':
      return t(`call.refused.${call.state.reason}`);
    case 'running':
      return t('call.running');
    default:
      return t('call.waiting');
  }
}

/** What a person must read without opening the card: the API's own words, and what to do. */
function Words({ call }: { call: CallView }) {
  switch (call.state.kind) {
    case 'done':
      return call.state.status >= 400 && call.response?.body ? (
        <p className={css.words}>{visible(call.response.body).slice(0, 300)}</p>
      ) : null;
    case 'failed':
    case 'unknown':
      return <p className={css.words}>{visible(call.state.text)}</p>;
    case 'refused':
      return call.state.reason === 'declined' || call.state.reason === 'already_executed' ? null : (
        <p className={css.words}>{visible(call.state.text)}</p>
      );
    default:
      return null;
  }
}
