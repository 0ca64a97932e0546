export { ingestSettings } from './ingest.config';
export { IngestModule } from './ingest.module';
export { storedIdOf } from './store-position';
