import './connection/strict-parsing.ts';

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { SpeechProvider } from './language/language.tsx';
import { Page } from './page/page.tsx';

const place = document.getElementById('console');
if (place === null) throw new Error('index.html has no element with the id "console"');

createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <SpeechProvider>
        <Page />
      </SpeechProvider>
    </QueryClientProvider>
  </StrictMode>,
);
