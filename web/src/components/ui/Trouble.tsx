import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/lib/api-client';
import { Icon } from './Icon';
import css from './Trouble.module.css';

/** What happened, in words; the server's own where it said something. */
export function useProblemText(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (error instanceof ApiError) {
      if (error.isAway) return t('problem.away');
      if (error.message) return error.message;
      return t('problem.status', { status: error.status });
    }
    return t('problem.page');
  };
}

export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const say = useProblemText();
  return (
    <div className={css.trouble} role="alert">
      <Icon name="alert" />
      <span>{say(error)}</span>
      {onRetry && (
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          {t('problem.retry')}
        </Button>
      )}
    </div>
  );
}
