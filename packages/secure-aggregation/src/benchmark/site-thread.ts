import { serveOrders } from '../threads/serve-orders.ts';
import { movedBuffers, SimulatedGroups } from './site-orders.ts';

/** Entry of a thread of the benchmark's sites. */
const groups = new SimulatedGroups();
serveOrders(groups.carryOut.bind(groups), movedBuffers);
