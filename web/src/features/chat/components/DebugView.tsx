/** A call under the hood: text only, whatever it holds (THREATS X-08). Secrets are dots since before they were stored. */
import { useTranslation } from 'react-i18next';
import { CopyText } from '@/components/ui/CopyText';
import { asCurl } from '@/lib/curl';
import { bytes, clock, duration, pretty } from '@/lib/format';
import { visible } from '@/lib/hosts';
import { useTrace } from '../api/turns';
import type { CallView } from '../model/fold';
import css from './DebugView.module.css';

export default function DebugView({ call }: { call: CallView }) {
  const { t } = useTranslation();
  const wrongArguments = call.state.kind === 'refused' && call.state.reason === 'arguments';
  return (
    <div className={css.debug}>
      <Part title={t('debug.offered', { count: call.offered.length })}>
        <p className={css.names}>{call.offered.map(visible).join(' · ') || '–'}</p>
      </Part>
      <Part title={t('debug.arguments')} copy={call.arguments}>
        <Text text={pretty(call.arguments)} />
        {call.changedByPerson && <p className={css.names}>{t('debug.changed')}</p>}
      </Part>
      <Part title={t('debug.validation')}>
        <p className={css.names}>
          {wrongArguments && call.state.kind === 'refused' ? visible(call.state.text) : t('debug.valid')}
        </p>
      </Part>
      {call.request !== null && (
        <Part title={t('debug.request')} extra={<CopyText text={asCurl(call.request)} label={t('debug.curl')} />}>
          <Text text={requestText(call)} />
        </Part>
      )}
      {call.response !== null && <ResponsePart call={call} />}
      {call.modelText !== null && (
        <Part title={t('debug.model_read')} copy={call.modelText}>
          <Text text={call.modelText} />
        </Part>
      )}
      <TimeLine call={call} />
    </div>
  );
}

function Part({ title, copy, extra, children }: { title: string; copy?: string; extra?: React.ReactNode; children: React.ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={css.part}>
      <div className={css.title}>
        <h3>{title}</h3>
        {copy !== undefined && <CopyText text={copy} label={t('copy.label')} />}
        {extra}
      </div>
      {children}
    </div>
  );
}

function Text({ text }: { text: string }) {
  return (
    <pre className={css.text} tabIndex={0}>
      {visible(text)}
    </pre>
  );
}

function requestText(call: CallView): string {
  const request = call.request;
  if (request === null) return '';
  const headers = request.headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  return `${request.method} ${request.url}\n${headers}${request.body === null ? '' : `\n\n${pretty(request.body)}`}`;
}

function ResponsePart({ call }: { call: CallView }) {
  const { t, i18n } = useTranslation();
  const { response, state } = call;
  if (response === null) return null;
  const head = state.kind === 'done' ? `HTTP ${state.status}\n` : '';
  const headers = response.headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  return (
    <Part title={t('debug.response')} copy={response.body}>
      <Text text={`${head}${headers}\n\n${pretty(response.body)}`} />
      {response.cut && state.kind === 'done' && (
        <p className={css.names}>{t('debug.cut', { size: bytes(state.size, i18n.language) })}</p>
      )}
      {response.remarks.map((remark) => (
        <p key={remark} className={css.names}>
          {visible(remark)}
        </p>
      ))}
    </Part>
  );
}

/** Times come from the server: the page may have been opened long after. */
function TimeLine({ call }: { call: CallView }) {
  const { t, i18n } = useTranslation();
  const trace = useTrace(call.turnId, true);
  const found = trace.data?.rounds.flatMap((round) => round.calls).find((each) => each.call_id === call.id);
  const steps: [string, number | null | undefined][] = [
    ['proposed', found?.proposed_at],
    ['asked', found?.asked_at],
    ['answered', found?.answered_at],
    ['started', found?.started_at],
    ['ended', found?.ended_at],
  ];
  const known = steps.flatMap(([name, at]) => (typeof at === 'number' ? [{ name, at }] : [])).sort((a, b) => a.at - b.at);
  return (
    <Part title={t('debug.times')}>
      {known.length === 0 ? (
        <p className={css.names}>{trace.isError ? t('debug.no_times') : t('loading')}</p>
      ) : (
        <ol className={css.times}>
          {known.map(({ name, at }, index) => (
            <li key={name}>
              <span>{clock(at, i18n.language)}</span> {t(`debug.step.${name}`)}
              {index > 0 && <span className={css.after}> +{duration((at - (known[index - 1]?.at ?? at)) * 1000, i18n.language)}</span>}
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}
