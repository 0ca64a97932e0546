export { BAD_INPUT } from './bad-input';
export { edgeSettings } from './edge.config';
export { EdgeModule } from './edge.module';
export { EdgeListeners } from './edge.listeners';
