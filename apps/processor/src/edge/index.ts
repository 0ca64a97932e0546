export { edgeSettings } from './edge.config';
export { EdgeModule } from './edge.module';
export { EdgeTransport } from './edge.transport';
