import '@mantine/core/styles.css';
import './app/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startI18n } from '@/lib/i18n';
import { takeLinkToken } from '@/lib/session';
import { App } from './app/App';

const token = takeLinkToken();
const root = document.getElementById('root');

void startI18n().then(() => {
  if (root !== null) {
    createRoot(root).render(
      <StrictMode>
        <App token={token} />
      </StrictMode>,
    );
  }
});
