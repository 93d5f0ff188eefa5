/**
 * A signal that aborts when this process is asked to stop: SIGINT (Ctrl-C), SIGTERM, or the end of the parent that
 * started it over an IPC channel. A second Ctrl-C ends the process at once.
 */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  let asked = false;
  const ask = (): void => {
    if (asked) return;
    asked = true;
    controller.abort();
  };
  process.on('SIGTERM', ask);
  process.on('disconnect', ask);
  // The listener would keep a process alive that has nothing left to do; the channel is only there to be noticed.
  process.channel?.unref();
  process.on('SIGINT', () => {
    // With a parent, Ctrl-C reaches the whole process group; the parent then stops its children in order.
    if (process.connected) return;
    if (asked) process.exit(130);
    ask();
  });
  return controller.signal;
}
