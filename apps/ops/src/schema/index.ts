export { registerSchema } from './schema.command';
