// The thread from its TypeScript source: Node 20 does not pass a TypeScript loader on to its threads.
import { register } from 'tsx/esm/api';

register();
await import('../../masks/removal-thread.ts');
