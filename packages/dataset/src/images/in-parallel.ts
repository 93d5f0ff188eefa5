/** libuv runs four image jobs at a time; more in flight only hold memory. */
const IN_FLIGHT = 4;

/** Runs `work` for 0 .. count-1, a few at a time; the first failure stops the rest and is thrown. */
export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, worker));
}
