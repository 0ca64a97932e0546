export { registerEnv } from './env.command';
