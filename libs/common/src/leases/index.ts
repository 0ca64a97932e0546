export { type Lease, LeaseTable } from './lease-table';
export * from './ownership';
