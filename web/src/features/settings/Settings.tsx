import { Button, SegmentedControl, Tabs, useMantineColorScheme } from '@mantine/core';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Trouble } from '@/components/ui/Trouble';
import type { UserOut } from '@/lib/api-types';
import { moment } from '@/lib/format';
import { visible } from '@/lib/hosts';
import { LANGUAGES, type Language, changeLanguage, language } from '@/lib/i18n';
import { useSignOut } from '@/lib/session';
import { useConnections, useDisconnect } from './api/connections';
import { useConsents, useRevokeAllConsents, useRevokeConsent } from './api/consents';
import { useEndOtherSessions, useEndSession, useSessions } from './api/sessions';
import { useModels } from './api/models';
import css from './Settings.module.css';

const PARTS = ['look', 'connections', 'permissions', 'models', 'sessions'] as const;

export default function Settings({ part, user }: { part: string | undefined; user: UserOut }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const current = PARTS.find((each) => each === part) ?? 'look';
  return (
    <div className={css.settings}>
      <Tabs value={current} keepMounted={false} onChange={(next) => next !== null && go(`/settings/${next}`, { replace: true })}>
        <Tabs.List aria-label={t('nav.settings')}>
          {PARTS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`settings.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="look"><Look user={user} /></Tabs.Panel>
        <Tabs.Panel value="connections"><Connections /></Tabs.Panel>
        <Tabs.Panel value="permissions"><Permissions /></Tabs.Panel>
        <Tabs.Panel value="models"><Models /></Tabs.Panel>
        <Tabs.Panel value="sessions"><Sessions /></Tabs.Panel>
      </Tabs>
    </div>
  );
}

function Look({ user }: { user: UserOut }) {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const signOut = useSignOut();
  const [themeId, languageId] = [useId(), useId()];
  return (
    <div className={css.part}>
      <h2 id={languageId}>{t('settings.language')}</h2>
      <SegmentedControl aria-labelledby={languageId} value={language()} onChange={(value) => void changeLanguage(value as Language)}
        data={LANGUAGES.map((value) => ({ value, label: t(`settings.language_${value}`) }))} />
      <h2 id={themeId}>{t('settings.theme')}</h2>
      <SegmentedControl aria-labelledby={themeId} value={colorScheme} onChange={(value) => setColorScheme(value as 'auto' | 'light' | 'dark')}
        data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: t(`settings.theme_${value}`) }))} />
      <h2>{t('settings.account')}</h2>
      <p>
        {visible(user.name)}
        {user.email !== null && ` · ${user.email}`}
      </p>
      <Button variant="default" onClick={() => void signOut()}>
        {t('settings.sign_out')}
      </Button>
    </div>
  );
}

function Connections() {
  const { t, i18n } = useTranslation();
  const connections = useConnections();
  const disconnect = useDisconnect();
  if (connections.isError) return <Trouble error={connections.error} onRetry={() => void connections.refetch()} />;
  const list = connections.data ?? [];
  return (
    <div className={css.part}>
      <p>{t('settings.connections_say')}</p>
      {disconnect.isError && <Trouble error={disconnect.error} />}
      {!connections.isPending && list.length === 0 && <p className={css.dim}>{t('settings.connections_none')}</p>}
      <ul className={css.rows}>
        {list.map((each) => (
          <li key={each.id}>
            <div>
              <strong>
                {each.host} · {visible(each.gpt_name)}
              </strong>
              <div className={css.dim}>
                {t(`settings.connection_${each.state}`)} · {t('settings.since', { time: moment(each.created_at, i18n.language) })}
                {each.account && ` · ${visible(each.account)}`}
                {each.hint && ` · …${visible(each.hint)}`}
                {each.scope && ` · ${visible(each.scope)}`}
              </div>
            </div>
            <Button size="compact-sm" variant="default" loading={disconnect.isPending && disconnect.variables === each.id} onClick={() => disconnect.mutate(each.id)}>
              {t('settings.disconnect')}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Permissions() {
  const { t, i18n } = useTranslation();
  const consents = useConsents();
  const revoke = useRevokeConsent();
  const revokeAll = useRevokeAllConsents();
  if (consents.isError) return <Trouble error={consents.error} onRetry={() => void consents.refetch()} />;
  const list = consents.data?.consents ?? [];
  return (
    <div className={css.part}>
      <p>{t('settings.permissions_say')}</p>
      {revoke.isError && <Trouble error={revoke.error} />}
      {!consents.isPending && list.length === 0 && <p className={css.dim}>{t('settings.permissions_none')}</p>}
      <ul className={css.rows}>
        {list.map((each) => (
          <li key={each.id}>
            <div>
              <strong>{each.operation ? visible(each.operation) : t('settings.reads')}</strong>
              <div className={css.dim}>
                {each.origin} · {t('settings.since', { time: moment(each.granted_at, i18n.language) })} ·{' '}
                {t('settings.until', { time: moment(each.expires_at, i18n.language) })}
              </div>
            </div>
            <Button size="compact-sm" variant="default" loading={revoke.isPending && revoke.variables === each.id} onClick={() => revoke.mutate(each.id)}>
              {t('settings.ask_again')}
            </Button>
          </li>
        ))}
      </ul>
      {list.length > 1 && (
        <Button variant="default" loading={revokeAll.isPending} onClick={() => revokeAll.mutate()}>
          {t('settings.ask_again_all')}
        </Button>
      )}
    </div>
  );
}

function Models() {
  const { t } = useTranslation();
  const models = useModels();
  if (models.isError) return <Trouble error={models.error} onRetry={() => void models.refetch()} />;
  return (
    <div className={css.part}>
      <p>{t('settings.models_say')}</p>
      <pre className={css.code} tabIndex={0}>{'ANTHROPIC_API_KEY=…   OPENAI_API_KEY=…   GEMINI_API_KEY=…'}</pre>
      <ul className={css.rows}>
        {(models.data ?? []).map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </div>
  );
}

function Sessions() {
  const { t, i18n } = useTranslation();
  const sessions = useSessions();
  const end = useEndSession();
  const endOthers = useEndOtherSessions();
  if (sessions.isError) return <Trouble error={sessions.error} onRetry={() => void sessions.refetch()} />;
  const list = sessions.data ?? [];
  return (
    <div className={css.part}>
      <ul className={css.rows}>
        {list.map((each) => (
          <li key={each.id}>
            <div>
              <strong>{visible(each.user_agent).slice(0, 120) || each.method}</strong>
              <div className={css.dim}>
                {each.current ? t('settings.this_session') : t('settings.since', { time: moment(each.created_at, i18n.language) })}
              </div>
            </div>
            {!each.current && (
              <Button size="compact-sm" variant="default" loading={end.isPending && end.variables === each.id} onClick={() => end.mutate(each.id)}>
                {t('settings.end_session')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {list.length > 1 && (
        <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
          {t('settings.end_others')}
        </Button>
      )}
    </div>
  );
}
