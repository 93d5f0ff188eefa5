/** Where a site's model can come from. `blend` lies between the federated model and one the site has without it. */
export type Strategy = 'scratch' | 'backbone' | 'local' | 'federated' | 'blend';
export const strategies: readonly Strategy[] = ['scratch', 'backbone', 'local', 'federated', 'blend'];

/** Whether the federation had a part in it. */
export function isShared(strategy: Strategy): boolean {
  return strategy === 'federated' || strategy === 'blend';
}
