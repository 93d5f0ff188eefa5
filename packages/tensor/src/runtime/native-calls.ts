import { setTimeout as sleep } from 'node:timers/promises';

import { TensorError } from '../error.ts';

/** Set in the shared number once no further call may begin; the other bits count the calls under way. */
const CLOSED = 2 ** 30;
/** Milliseconds between two looks; a call takes a training step, so some ten to a thousand. */
const LOOK = 5;

/**
 * Native calls of a worker thread, counted where its owner sees them. A thread terminated within one takes the whole
 * process with it: onnxruntime-node throws a C++ exception when it cannot hand its result to JavaScript, and nothing
 * catches it.
 */
export class NativeCalls {
  readonly shared: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#state = new Int32Array(shared);
  }

  /** In the thread. Throws TensorError `cancelled` once the owner has closed it. */
  async during<T>(call: () => Promise<T>): Promise<T> {
    const before = Atomics.add(this.#state, 0, 1);
    try {
      if (before >= CLOSED) throw new TensorError('cancelled', 'This thread is about to end.');
      return await call();
    } finally {
      Atomics.sub(this.#state, 0, 1);
    }
  }

  /** In the owner: from its end on, the thread is in no native call and can begin none. */
  async close(): Promise<void> {
    Atomics.or(this.#state, 0, CLOSED);
    while (Atomics.load(this.#state, 0) !== CLOSED) await sleep(LOOK);
  }
}

let ofThisThread: NativeCalls | undefined;

/** Makes this thread's native calls visible to the owner who holds `shared` too. */
export function showNativeCalls(shared: SharedArrayBuffer): void {
  ofThisThread = new NativeCalls(shared);
}

/** Every call into a native runtime goes through here; without an owner to show it to, it is simply made. */
export function nativeCall<T>(call: () => Promise<T>): Promise<T> {
  return ofThisThread === undefined ? call() : ofThisThread.during(call);
}
