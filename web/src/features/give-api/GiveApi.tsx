import { Button, Loader } from '@mantine/core';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '@/components/ui/Trouble';
import type { ImportOut } from '@/lib/api-types';
import { bytes } from '@/lib/format';
import { visible } from '@/lib/hosts';
import { useImport, useMakeGpt } from './api';
import css from './GiveApi.module.css';

const LARGEST = 10_000_000;
const SHOWN = 30;

/** One box for any API: what was found in it, and a chat with it. */
export default function GiveApi({ onChat }: { onChat: (gptId: string) => void }) {
  const { t, i18n } = useTranslation();
  const [source, setSource] = useState('');
  const [tooLarge, setTooLarge] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const found = useImport();
  const make = useMakeGpt();

  const look = (text: string) => {
    make.reset();
    if (text.trim() !== '') found.mutate(text);
  };
  const read = async (file: File | undefined) => {
    if (file === undefined) return;
    setTooLarge(file.size > LARGEST);
    if (file.size > LARGEST) return;
    const text = await file.text();
    setSource(text);
    look(text);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    look(source);
  };

  return (
    <div className={css.page}>
      <form onSubmit={submit} className={css.form}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          if (event.dataTransfer.files.length === 0) return;
          event.preventDefault();
          void read(event.dataTransfer.files[0]);
        }}>
        <p id="give-say">{t('give.say')}</p>
        <textarea className={css.source} rows={4} value={source} aria-label={t('give.label')} aria-describedby="give-say" spellCheck={false}
          placeholder="https://api.example.com/openapi.json"
          onChange={(event) => setSource(event.target.value)}
          onPaste={(event) => {
            // Into the empty box: nothing more will be typed, so it is looked at at once.
            const pasted = event.clipboardData.getData('text/plain');
            if (source === '' && pasted.trim() !== '') look(pasted);
          }} />
        <div className={css.buttons}>
          <Button type="submit" loading={found.isPending} disabled={source.trim() === ''}>
            {t('give.look')}
          </Button>
          <Button variant="default" onClick={() => picker.current?.click()}>
            {t('give.file')}
          </Button>
          <input ref={picker} type="file" hidden accept=".json,.yaml,.yml,.txt,application/json"
            onChange={(event) => {
              void read(event.target.files?.[0]);
              event.target.value = '';
            }} />
        </div>
      </form>
      {tooLarge && <p role="alert">{t('give.too_large', { most: bytes(LARGEST, i18n.language) })}</p>}
      {found.isPending && (
        <p role="status" className={css.wait}>
          <Loader size={14} aria-hidden="true" /> {t('give.looking')}
        </p>
      )}
      {found.isError && <Trouble error={found.error} onRetry={() => look(source)} />}
      {make.isError && <Trouble error={make.error} />}
      {found.data !== undefined && !found.isPending && (
        <Found found={found.data} busy={make.isPending}
          onChat={() => make.mutate(found.variables, { onSuccess: (gpt) => onChat(gpt.id) })} />
      )}
    </div>
  );
}

function Found({ found, busy, onChat }: { found: ImportOut; busy: boolean; onChat: () => void }) {
  const { t } = useTranslation();
  const { reading } = found;
  const findings = [...found.manifest_findings, ...reading.findings];
  return (
    <section className={css.found} aria-live="polite">
      <h2>{t('give.found', { title: visible(reading.title) || t('give.no_title') })}</h2>
      {reading.description && <p className={css.description}>{visible(reading.description).slice(0, 400)}</p>}
      <p>
        {t('give.server', { server: visible(found.base_url ?? reading.server_url) })} · {t('give.sign_in')}:{' '}
        {t(`give.sign_in_${reading.suggestion?.authentication.kind ?? 'none'}`)}
      </p>
      {reading.ok ? (
        <Button loading={busy} onClick={onChat}>
          {t('give.chat')}
        </Button>
      ) : (
        <p className={css.bad}>{t('give.unusable')}</p>
      )}
      <h3>{t('give.operations', { count: reading.operations.length })}</h3>
      <ul className={css.operations}>
        {reading.operations.slice(0, SHOWN).map((operation) => (
          <li key={operation.name}>
            <code>{operation.method}</code> <strong>{operation.name}</strong> {visible(operation.path)}
            {operation.asks_first && <span className={css.asks}> · {t('give.asks')}</span>}
            {operation.summary && <div className={css.dim}>{visible(operation.summary)}</div>}
          </li>
        ))}
      </ul>
      {reading.operations.length > SHOWN && <p className={css.dim}>{t('give.more', { count: reading.operations.length - SHOWN })}</p>}
      {findings.length > 0 && (
        <>
          <h3>{t('give.findings', { count: findings.length })}</h3>
          <ul className={css.operations}>
            {findings.slice(0, SHOWN).map((finding, index) => (
              <li key={index}>
                <strong data-severity={finding.severity}>{t(`give.severity.${finding.severity}`)}</strong>
                {finding.line !== null && ` · ${t('give.line', { line: finding.line })}`} · {visible(finding.message)}
                {finding.mend && <div className={css.dim}>{visible(finding.mend)}</div>}
              </li>
            ))}
          </ul>
          {findings.length > SHOWN && <p className={css.dim}>{t('give.more', { count: findings.length - SHOWN })}</p>}
        </>
      )}
    </section>
  );
}
