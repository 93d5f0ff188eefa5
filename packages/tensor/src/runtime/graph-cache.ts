import type { Executable } from './executable.ts';

/** Compiled graphs by what they were compiled for. Each holds working memory, so only the most recently used stay. */
export class GraphCache {
  readonly #limit: number;
  /** In order of use, the least recent first. */
  readonly #graphs = new Map<string, Executable>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The graph for `key`, compiled by `make` unless it is there. */
  async get(key: string, make: () => Promise<Executable>): Promise<Executable> {
    const graph = this.#graphs.get(key) ?? (await make());
    this.#graphs.delete(key);
    this.#graphs.set(key, graph);
    const [oldest] = this.#graphs;
    if (this.#graphs.size > this.#limit && oldest !== undefined) {
      this.#graphs.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return graph;
  }

  forEach(action: (graph: Executable) => void): void {
    this.#graphs.forEach(action);
  }

  async dispose(): Promise<void> {
    const graphs = [...this.#graphs.values()];
    this.#graphs.clear();
    for (const graph of graphs) await graph.dispose();
  }
}
