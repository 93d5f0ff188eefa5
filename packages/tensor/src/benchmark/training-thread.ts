import { serveTask } from '../worker/serve-task.ts';
import { train } from './training-task.ts';

/** Entry of the benchmark's worker thread. */
serveTask(train);
