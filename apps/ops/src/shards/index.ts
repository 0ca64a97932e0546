export { registerShards } from './shards.command';
