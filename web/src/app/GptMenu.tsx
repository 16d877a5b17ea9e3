import { Menu, Modal } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Icon } from '@/components/ui/Icon';
import { useGpt } from '@/lib/gpts';
import { hostOf, visible, webAddress } from '@/lib/hosts';
import css from './App.module.css';

/** The GPT's name as a menu: what it is, what it may do, whose rules hold. */
export function GptMenu({ gptId, name }: { gptId: string | null; name: string }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const [about, setAbout] = useState(false);
  const gpt = useGpt(gptId).data;
  if (gptId === null) return <span className={css.gptMenu}>{name}</span>;
  const policies = (gpt?.actions ?? []).flatMap((action) => {
    const url = webAddress(action.privacy_policy_url);
    // Of an address that somebody else wrote, only https is a link (THREATS X-06).
    return url?.protocol === 'https:' ? [{ url, domain: action.domain }] : [];
  });
  return (
    <>
      <Menu position="bottom-start" width={260} trapFocus>
        <Menu.Target>
          <button type="button" className={css.gptMenu}>
            <span>{name}</span>
            <Icon name="down" size={16} />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => go(`/g/${gptId}`)}>{t('gpt.new_chat')}</Menu.Item>
          <Menu.Item onClick={() => setAbout(true)}>{t('gpt.about')}</Menu.Item>
          {policies.map(({ url, domain }) => (
            <Menu.Item key={url.href} component="a" href={url.href} target="_blank" rel="noopener noreferrer nofollow">
              {t('gpt.privacy', { host: visible(domain) || hostOf(url) })}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => go('/settings/permissions')}>{t('gpt.permissions')}</Menu.Item>
          <Menu.Item onClick={() => go('/settings/connections')}>{t('gpt.connections')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={about} onClose={() => setAbout(false)} title={name} lockScroll={false} closeButtonProps={{ 'aria-label': t('close') }}>
        <p>{visible(gpt?.description ?? '') || t('gpt.no_description')}</p>
        {gpt !== undefined && gpt.actions.length > 0 && (
          <ul>
            {gpt.actions.map((action, index) => (
              <li key={index}>{t('gpt.calls', { title: visible(action.title), domain: visible(action.domain) })}</li>
            ))}
          </ul>
        )}
        {gpt?.builder && <p>{t('chat.by', { name: visible(gpt.builder) })}</p>}
      </Modal>
    </>
  );
}
