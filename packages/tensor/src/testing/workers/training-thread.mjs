// The benchmark's thread from its TypeScript source.
import { register } from 'tsx/esm/api';

register();
await import('../../benchmark/training-thread.ts');
