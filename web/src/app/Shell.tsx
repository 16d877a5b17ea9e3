import { ActionIcon, Drawer, Loader } from '@mantine/core';
import { Suspense, lazy, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { Icon } from '@/components/ui/Icon';
import { Conversation } from '@/features/chat/components/Conversation';
import { NewChat } from '@/features/chat/components/NewChat';
import { useConversation } from '@/features/chat/api/conversations';
import type { SessionOut, UserOut } from '@/lib/api-types';
import { useGpt } from '@/lib/gpts';
import { visible } from '@/lib/hosts';
import css from './App.module.css';
import { GptMenu } from './GptMenu';
import { Sidebar } from './Sidebar';

const GiveApi = lazy(() => import('@/features/give-api/GiveApi'));
const Settings = lazy(() => import('@/features/settings/Settings'));

/** Sidebar, head and what stands at the address. */
export function Shell({ session, user }: { session: SessionOut; user: UserOut }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [location, go] = useLocation();
  const close = () => setOpen(false);
  const menu = (
    <span className={css.onlyPhone}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('nav.menu')} onClick={() => setOpen(true)}>
        <Icon name="menu" />
      </ActionIcon>
    </span>
  );
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#main">
        {t('nav.skip')}
      </a>
      <nav className={css.side} aria-label={t('nav.label')}>
        <Sidebar user={user} onGo={close} />
      </nav>
      {open && (
        <Drawer.Root opened onClose={close} size={290} padding={0} lockScroll={false}>
          <Drawer.Overlay />
          <Drawer.Content aria-label={t('nav.label')}>
            <Drawer.Body className={css.drawer}>
              <Sidebar user={user} onGo={close} />
            </Drawer.Body>
          </Drawer.Content>
        </Drawer.Root>
      )}
      <main className={css.main} id="main" tabIndex={-1}>
        <Suspense fallback={<Loader m="auto" aria-label={t('loading')} />}>
          <Switch location={location}>
            <Route path="/">
              <NewChatPage gptId={session.demo_gpt_id} session={session} menu={menu} />
            </Route>
            <Route path="/g/:id">{({ id }) => <NewChatPage gptId={id} session={session} menu={menu} />}</Route>
            <Route path="/c/:id">{({ id }) => <ConversationPage key={id} id={id} session={session} menu={menu} />}</Route>
            <Route path="/new">
              <header className={css.head}>
                {menu}
                <h1>{t('give.title')}</h1>
              </header>
              <GiveApi onChat={(gptId) => go(`/g/${gptId}`)} />
            </Route>
            <Route path="/settings/:part?">
              {({ part }) => (
                <>
                  <header className={css.head}>
                    {menu}
                    <h1>{t('nav.settings')}</h1>
                  </header>
                  <Settings part={part} user={user} />
                </>
              )}
            </Route>
            <Route>
              <Redirect to="/" />
            </Route>
          </Switch>
        </Suspense>
      </main>
    </div>
  );
}

interface PageProps {
  session: SessionOut;
  menu: React.ReactNode;
}

function NewChatPage({ gptId, session, menu }: PageProps & { gptId: string | null }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const gpt = useGpt(gptId);
  useTitle(gpt.data?.name ?? null);
  return (
    <>
      <Head gptId={gptId} name={gpt.data?.name ?? null} model={session.model} menu={menu} />
      {gpt.isLoading ? (
        <Loader m="auto" aria-label={t('loading')} />
      ) : (
        <NewChat gptId={gptId} gpt={gpt.data ?? null} onOpen={(id) => go(`/c/${id}`)}>
          <p className={css.give}>
            <Link href="/new">{t('give.link')}</Link>
          </p>
        </NewChat>
      )}
    </>
  );
}

function ConversationPage({ id, session, menu }: PageProps & { id: string }) {
  const detail = useConversation(id);
  const conversation = detail.data?.conversation;
  const gpt = useGpt(conversation?.gpt_id);
  useTitle(conversation?.title ?? null);
  const name = gpt.data?.name ?? null;
  return (
    <>
      <Head gptId={conversation?.gpt_id ?? null} name={name} model={conversation?.model ?? session.model} menu={menu} />
      <Conversation id={id} gptName={name} />
    </>
  );
}

function Head({ gptId, name, model, menu }: { gptId: string | null; name: string | null; model: string | null; menu: React.ReactNode }) {
  const { t } = useTranslation();
  return (
    <>
      <header className={css.head}>
        {menu}
        <h1>
          <GptMenu gptId={gptId} name={visible(name ?? '') || t('chat.assistant')} />
        </h1>
        {model !== null && <span className={css.model}>{model}</span>}
      </header>
      {model?.startsWith('rehearsal') === true && (
        <p className={css.rehearsal} role="note">
          <span>{t('rehearsal.bar')}</span>
          <Link href="/settings/models">{t('rehearsal.connect')}</Link>
        </p>
      )}
    </>
  );
}

function useTitle(title: string | null) {
  useEffect(() => {
    document.title = title ? `${visible(title)} · Actionry` : 'Actionry';
  }, [title]);
}
