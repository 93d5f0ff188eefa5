import { Worker } from 'node:worker_threads';

import { AggregationError } from '../errors.ts';

export interface NumberedOrder<Order> {
  readonly id: number;
  readonly order: Order;
}

export interface NumberedAnswer<Answer> {
  readonly id: number;
  readonly answer: Answer;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: AggregationError) => void;
}

/**
 * A thread whose module calls `serveOrders`, as its owner sees it: orders are carried out one after the other. Without an
 * order it does not keep the process alive.
 */
export class WorkerThread<Order, Answer> {
  readonly #worker: Worker;
  readonly #purpose: string;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #nextId = 1;
  #hasEnded = false;

  /** @param purpose what it does, for the error: 'removes masks' */
  constructor(entry: URL, purpose: string) {
    this.#worker = new Worker(entry);
    this.#purpose = purpose;
    let fault: unknown;
    this.#worker.on('message', (answer: NumberedAnswer<Answer>) => this.#hear(answer));
    this.#worker.on('error', (error: unknown) => {
      fault = error;
    });
    this.#worker.on('exit', (code) => {
      this.#hasEnded = true;
      for (const { reject } of this.#waiting.values()) reject(this.#deathOf(fault, code));
      this.#waiting.clear();
    });
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws AggregationError `worker-failed` if the thread ends before it is done */
  async ask(order: Order): Promise<Answer> {
    const id = this.#nextId++;
    this.#worker.ref();
    const answered = new Promise<Answer>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#worker.postMessage({ id, order } satisfies NumberedOrder<Order>, []);
    return answered;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #hear({ id, answer }: NumberedAnswer<Answer>): void {
    this.#waiting.get(id)?.resolve(answer);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
  }

  #deathOf(fault: unknown, exitCode: number): AggregationError {
    const what = fault instanceof Error ? `${fault.name}: ${fault.message}` : `exit code ${exitCode}`;
    const message = `A thread that ${this.#purpose} stopped before it was done (${what}).`;
    return new AggregationError('worker-failed', message, [], { cause: fault });
  }
}
