/** Answers as markdown. Nothing here loads anything from elsewhere by itself, and HTML stays text (THREATS ). */
import { Button, Modal } from '@mantine/core';
import { type ReactNode, memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CopyText } from '@/components/ui/CopyText';
import { Icon } from '@/components/ui/Icon';
import { hostOf, misleads, namedHost, unturned, visible, webAddress } from '@/lib/hosts';
import css from './Markdown.module.css';

interface Node {
  type?: string;
  value?: string;
  children?: Node[];
  properties?: Record<string, unknown>;
}

function textOf(node: Node | undefined): string {
  if (node === undefined) return '';
  if (node.type === 'text') return node.value ?? '';
  return (node.children ?? []).map(textOf).join('');
}

/** Shows where it leads; one whose text names another host asks first. */
function SafeLink({ href, text, children }: { href: string | undefined; text: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const url = webAddress(href);
  if (url === null) return <span>{children}</span>;
  const attributes = { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', referrerPolicy: 'no-referrer' } as const;
  if (!misleads(text, url)) {
    return (
      <>
        <a {...attributes}>{children}</a>
        {namedHost(text) === null && <span className={css.host}> ({hostOf(url)})</span>}
      </>
    );
  }
  return (
    <>
      <button type="button" className={css.suspect} onClick={() => setAsking(true)}>
        {children}
      </button>
      <span className={css.suspectHost}> → {hostOf(url)}</span>
      <Modal opened={asking} onClose={() => setAsking(false)} title={t('link.title')} lockScroll={false}
        closeButtonProps={{ 'aria-label': t('close') }}>
        <p>{t('link.differs', { shown: visible(text).slice(0, 200), host: hostOf(url) })}</p>
        <p className={css.address}>{url.href}</p>
        <div className={css.buttons}>
          <Button variant="default" onClick={() => setAsking(false)}>
            {t('link.stay')}
          </Button>
          <Button component="a" {...attributes} color="red" onClick={() => setAsking(false)}>
            {t('link.open', { host: hostOf(url) })}
          </Button>
        </div>
      </Modal>
    </>
  );
}

/** In a picture's place: where it would come from. A click opens it apart; it never loads into this page by itself. */
function PicturePlace({ src, alt }: { src: string | undefined; alt: string }) {
  const { t } = useTranslation();
  const url = webAddress(src);
  return (
    <span className={css.picture}>
      <Icon name="image" size={16} />
      <span>{visible(alt) || t('picture.none')}</span>
      {url !== null && (
        <a href={url.href} target="_blank" rel="noopener noreferrer nofollow" referrerPolicy="no-referrer">
          {t('picture.load', { host: hostOf(url) })}
        </a>
      )}
    </span>
  );
}

const COMPONENTS: Components = {
  a: ({ href, children, node }) => (
    <SafeLink href={href} text={textOf(node as Node | undefined)}>
      {children}
    </SafeLink>
  ),
  img: ({ src, alt }) => <PicturePlace src={typeof src === 'string' ? src : undefined} alt={alt ?? ''} />,
  input: ({ checked }) => <span aria-hidden="true">{checked ? '☑' : '☐'} </span>,
  pre: ({ children, node }) => <CodeBlock text={textOf(node as Node | undefined)}>{children}</CodeBlock>,
  table: ({ children }) => (
    <div className={css.wide} tabIndex={0} role="group">
      <table>{children}</table>
    </div>
  ),
  // Headings of an answer stand below the page's own.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h3>{children}</h3>,
  h3: ({ children }) => <h4>{children}</h4>,
};

function CodeBlock({ text, children }: { text: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={css.code}>
      <div className={css.copy}>
        <CopyText text={text} label={t('copy.code')} />
      </div>
      <pre tabIndex={0}>{children}</pre>
    </div>
  );
}

const ALLOWED = [
  'p', 'br', 'hr', 'strong', 'em', 'del', 'code', 'pre', 'blockquote', 'ul', 'ol', 'li', 'a', 'img', 'input',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'sup', 'section',
];

const keepWebAddresses = (url: string) => webAddress(url)?.href ?? '';

const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className={css.markdown}>
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={COMPONENTS} urlTransform={keepWebAddresses}
        allowedElements={ALLOWED} unwrapDisallowed>
        {unturned(text)}
      </ReactMarkdown>
    </div>
  );
});

export default Markdown;
