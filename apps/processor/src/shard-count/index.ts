export { EdgeShards } from './edge-shards';
export { IngestShards } from './ingest-shards';
