export { registerGeofence } from './geofence.command';
