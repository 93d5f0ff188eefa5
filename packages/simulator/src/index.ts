export { type Faults } from './faults.ts';
export { plainLineage, type Lineage } from './lineage.ts';
export { simulateFederation, type SimulatedRound, type SimulationOptions } from './simulate-federation.ts';
