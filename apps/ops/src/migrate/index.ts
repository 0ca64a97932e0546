export { registerMigrate } from './migrate.command';
