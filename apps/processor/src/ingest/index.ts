export { ingestSettings } from './ingest.config';
export { IngestModule } from './ingest.module';
