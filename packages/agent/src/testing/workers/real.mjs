// The worker itself, from its TypeScript sources.
import { register } from 'tsx/esm/api';

register();
await import('../../relearning/worker.ts');
