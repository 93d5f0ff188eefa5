/** Lets timers, messages and aborts of this thread be served between two stretches of arithmetic. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
