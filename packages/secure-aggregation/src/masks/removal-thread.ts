import { serveOrders } from '../threads/serve-orders.ts';
import { carryOut } from './removal-order.ts';

/** Entry of a thread that removes masks. */
serveOrders(carryOut);
