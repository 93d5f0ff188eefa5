// Dies of an order to begin at element 13, after its first mask; carries out every other.
import { register } from 'tsx/esm/api';

register();
const { carryOut } = await import('../../masks/removal-order.ts');
const { serveOrders } = await import('../../threads/serve-orders.ts');

serveOrders((order) => {
  if (order.start !== 13) return carryOut(order);
  carryOut({ ...order, seeds: order.seeds.subarray(0, 32), added: 1 });
  throw new RangeError('no more room');
});
