/**
 * Calls `task` one at a time: calls that arrive while it runs lead to exactly one more run afterwards, so that the last
 * run always starts after the last call. Failures are the task's own business and do not stop later runs.
 */
export function coalesce(task: () => Promise<unknown>): () => void {
  let running = false;
  let again = false;

  async function run(): Promise<void> {
    running = true;
    do {
      again = false;
      try {
        await task();
      } catch {
        // The task reports its own failure; here only the turn matters.
      }
    } while (again);
    running = false;
  }

  return () => {
    if (running) again = true;
    else void run();
  };
}
