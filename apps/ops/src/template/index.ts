export { registerTemplate } from './template.command';
