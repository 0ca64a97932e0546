export { registerPartitions } from './partitions.command';
