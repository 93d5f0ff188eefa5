// The benchmark's sites from their TypeScript source.
import { register } from 'tsx/esm/api';

register();
await import('../../benchmark/site-thread.ts');
