import { ActionIcon, Button, Menu, Modal, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { Icon } from '@/components/ui/Icon';
import { Picture } from '@/components/ui/Picture';
import { Trouble } from '@/components/ui/Trouble';
import { useChangeConversation, useConversations, useDeleteConversation } from '@/features/chat/api/conversations';
import { API } from '@/lib/api-client';
import type { ConversationOut, UserOut } from '@/lib/api-types';
import { visible } from '@/lib/hosts';
import css from './App.module.css';

type Doing = { what: 'rename' | 'delete'; conversation: ConversationOut } | null;

export function Sidebar({ user, onGo }: { user: UserOut; onGo: () => void }) {
  const { t } = useTranslation();
  const [location] = useLocation();
  const conversations = useConversations();
  const [wanted, setWanted] = useState('');
  const [doing, setDoing] = useState<Doing>(null);
  const all = conversations.data?.pages.flatMap((page) => page.conversations) ?? [];
  const found = all.filter((each) => titleOf(each, t).toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()));

  return (
    <>
      <div className={css.sideTop}>
        <Link href="/" className={css.brand} onClick={onGo}>
          <Picture name="Actionry" />
          Actionry
        </Link>
      </div>
      <div className={css.links}>
        <Link href="/" className={css.link} onClick={onGo}>
          <Icon name="plus" />
          {t('nav.new_chat')}
        </Link>
        <Link href="/new" className={css.link} onClick={onGo}>
          <Icon name="plug" />
          {t('give.title')}
        </Link>
      </div>
      <div className={css.search}>
        <TextInput size="sm" value={wanted} aria-label={t('nav.search')} placeholder={t('nav.search')} leftSection={<Icon name="search" size={16} />}
          onChange={(event) => setWanted(event.currentTarget.value)} />
      </div>
      {conversations.isError && <Trouble error={conversations.error} onRetry={() => void conversations.refetch()} />}
      <ul className={css.list} aria-label={t('nav.conversations')}>
        {found.map((each) => (
          <li key={each.id} className={css.chat} data-current={location === `/c/${each.id}` || undefined}>
            <Link href={`/c/${each.id}`} onClick={onGo} aria-current={location === `/c/${each.id}` ? 'page' : undefined}>
              {titleOf(each, t)}
            </Link>
            <ConversationMenu conversation={each} onDo={(what) => setDoing({ what, conversation: each })} />
          </li>
        ))}
        {!conversations.isPending && found.length === 0 && (
          <li className={css.nothing}>{t(wanted ? 'nav.none_found' : 'nav.none')}</li>
        )}
        {conversations.hasNextPage && (
          <li>
            <Button fullWidth size="compact-sm" variant="subtle" loading={conversations.isFetchingNextPage}
              onClick={() => void conversations.fetchNextPage()}>
              {t('nav.more')}
            </Button>
          </li>
        )}
      </ul>
      <div className={css.account}>
        <Link href="/settings/look" className={css.link} onClick={onGo}>
          <Icon name="settings" />
          <span>
            {visible(user.name)} · {t('nav.settings')}
          </span>
        </Link>
      </div>
      {doing?.what === 'rename' && <Rename conversation={doing.conversation} onClose={() => setDoing(null)} />}
      {doing?.what === 'delete' && <Delete conversation={doing.conversation} onClose={() => setDoing(null)} />}
    </>
  );
}

const titleOf = (conversation: ConversationOut, t: (key: string) => string) =>
  visible(conversation.title).trim() || t('chat.untitled');

function ConversationMenu({ conversation, onDo }: { conversation: ConversationOut; onDo: (what: 'rename' | 'delete') => void }) {
  const { t } = useTranslation();
  const address = (form: string) => `${API}/conversations/${conversation.id}/export?format=${form}`;
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('nav.chat_menu', { title: titleOf(conversation, t) })}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={() => onDo('rename')}>
          {t('nav.rename')}
        </Menu.Item>
        <Menu.Item component="a" href={address('markdown')} download leftSection={<Icon name="download" size={16} />}>
          {t('nav.export_markdown')}
        </Menu.Item>
        <Menu.Item component="a" href={address('json')} download leftSection={<Icon name="download" size={16} />}>
          {t('nav.export_json')}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<Icon name="trash" size={16} />} onClick={() => onDo('delete')}>
          {t('nav.delete')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Rename({ conversation, onClose }: { conversation: ConversationOut; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeConversation();
  const [title, setTitle] = useState(conversation.title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ id: conversation.id, title }, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={t('nav.rename')} lockScroll={false} closeButtonProps={{ 'aria-label': t('close') }}>
      <form onSubmit={submit}>
        <TextInput data-autofocus label={t('nav.title')} maxLength={200} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        {change.isError && <Trouble error={change.error} />}
        <Button type="submit" mt="md" loading={change.isPending}>
          {t('save')}
        </Button>
      </form>
    </Modal>
  );
}

function Delete({ conversation, onClose }: { conversation: ConversationOut; onClose: () => void }) {
  const { t } = useTranslation();
  const [location, go] = useLocation();
  const remove = useDeleteConversation();
  return (
    <Modal opened onClose={onClose} title={t('nav.delete')} lockScroll={false} closeButtonProps={{ 'aria-label': t('close') }}>
      <p>{t('nav.delete_sure', { title: titleOf(conversation, t) })}</p>
      {remove.isError && <Trouble error={remove.error} />}
      <Button color="red" loading={remove.isPending}
        onClick={() =>
          remove.mutate(conversation.id, {
            onSuccess: () => {
              if (location === `/c/${conversation.id}`) go('/');
              onClose();
            },
          })
        }>
        {t('nav.delete')}
      </Button>
    </Modal>
  );
}
