import { ActionIcon, Button } from '@mantine/core';
import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '@/components/ui/Icon';
import { useProblemText } from '@/components/ui/Trouble';
import { newKey } from '@/lib/api-client';
import { bytes } from '@/lib/format';
import { uploadFile } from '../api/files';
import { keepDraft, readDraft } from '../model/drafts';
import css from './Composer.module.css';
import { prepareMarkdown } from './Said';

const LONGEST = 400_000;
const PASTED_AS_FILE = 100_000;

interface Attached {
  key: string;
  name: string;
  size: number;
  id: string | null;
  error: unknown;
  file: File;
}

interface Props {
  /** Drafts are kept by it. */
  place: string;
  conversationId: string | null;
  running: boolean;
  disabled?: boolean;
  autoFocus?: boolean;
  /** Resolves to whether the text was taken over; what was not stays here. */
  onSend: (text: string, fileIds: string[]) => Promise<boolean>;
  onStop?: () => void;
}

export function Composer({ place, conversationId, running, disabled, autoFocus, onSend, onStop }: Props) {
  const { t, i18n } = useTranslation();
  const say = useProblemText();
  const [text, setText] = useState(() => readDraft(place));
  const [files, setFiles] = useState<Attached[]>([]);
  const [sending, setSending] = useState(false);
  const [dropping, setDropping] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    const timer = setTimeout(() => keepDraft(place, text), 300);
    return () => clearTimeout(timer);
  }, [place, text]);

  useEffect(() => {
    if (autoFocus && matchMedia('(hover: hover)').matches) area.current?.focus();
  }, [autoFocus]);

  // Browsers without `field-sizing` are told the height.
  useEffect(() => {
    const box = area.current;
    if (box === null || CSS.supports('field-sizing', 'content')) return;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight, 240)}px`;
  }, [text]);

  const uploading = files.some((file) => file.id === null && file.error === null);
  const tooLong = text.length > LONGEST;
  const maySend = !sending && !uploading && !disabled && !tooLong && text.trim() !== '' && !running;

  const add = (list: Iterable<File>) => {
    for (const file of list) {
      const key = newKey();
      setFiles((now) => [...now, { key, name: file.name || 'file', size: file.size, id: null, error: null, file }]);
      upload(key, file);
    }
  };
  const upload = (key: string, file: File) => {
    const set = (change: Partial<Attached>) =>
      setFiles((now) => now.map((each) => (each.key === key ? { ...each, ...change } : each)));
    set({ error: null });
    uploadFile(file, conversationId).then(
      (done) => set({ id: done.id }),
      (error: unknown) => set({ error }),
    );
  };

  const send = async () => {
    if (!maySend) return;
    setSending(true);
    try {
      const taken = await onSend(text, files.flatMap((file) => file.id ?? []));
      if (taken) {
        setText('');
        setFiles([]);
        keepDraft(place, '');
      }
    } finally {
      setSending(false);
    }
  };

  const onKey = (event: KeyboardEvent) => {
    // The Enter that ends an input method's word is not for us (keyCode 229 where isComposing comes too early).
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void send();
  };

  const onDrop = (event: DragEvent) => {
    setDropping(false);
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  };

  return (
    <div className={css.composer} data-dropping={dropping || undefined} onDrop={onDrop}
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes('Files')) {
          event.preventDefault();
          setDropping(true);
        }
      }}
      onDragLeave={() => setDropping(false)}>
      {files.length > 0 && (
        <ul className={css.files} aria-label={t('composer.files')}>
          {files.map((file) => (
            <li key={file.key} data-failed={file.error !== null || undefined}>
              <Icon name="file" size={14} />
              <span className={css.fileName}>{file.name}</span>
              <span>
                {file.error !== null ? say(file.error) : file.id === null ? t('composer.uploading') : bytes(file.size, i18n.language)}
              </span>
              {file.error !== null && (
                <Button size="compact-xs" variant="default" onClick={() => upload(file.key, file.file)}>
                  {t('problem.retry')}
                </Button>
              )}
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={t('composer.remove', { name: file.name })}
                onClick={() => setFiles((now) => now.filter((each) => each.key !== file.key))}>
                <Icon name="cross" size={14} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      <textarea ref={area} className={css.text} rows={1} value={text} placeholder={t('composer.placeholder')}
        aria-label={t('composer.label')} onKeyDown={onKey}
        onChange={(event) => {
          if (text === '') prepareMarkdown();
          setText(event.target.value);
        }}
        onPaste={(event) => {
          const pasted = event.clipboardData.getData('text/plain');
          if (event.clipboardData.files.length > 0) {
            event.preventDefault();
            add(event.clipboardData.files);
          } else if (pasted.length > PASTED_AS_FILE) {
            event.preventDefault();
            add([new File([pasted], t('composer.pasted'), { type: 'text/plain' })]);
          }
        }} />
      {tooLong && (
        <p className={css.tooLong} role="alert">
          {t('composer.too_long', { most: LONGEST.toLocaleString(i18n.language) })}
        </p>
      )}
      <div className={css.bar}>
        <input ref={picker} type="file" multiple hidden
          onChange={(event) => {
            add(event.target.files ?? []);
            event.target.value = '';
          }} />
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-label={t('composer.attach')} onClick={() => picker.current?.click()}>
          <Icon name="attach" />
        </ActionIcon>
        <span className={css.space} />
        {running ? (
          <ActionIcon size="lg" radius="xl" variant="filled" aria-label={t('composer.stop')} onClick={onStop}>
            <Icon name="stop" />
          </ActionIcon>
        ) : (
          <ActionIcon size="lg" radius="xl" variant="filled" aria-label={t('composer.send')} disabled={!maySend} onClick={() => void send()}>
            <Icon name="send" />
          </ActionIcon>
        )}
      </div>
    </div>
  );
}
