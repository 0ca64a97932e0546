export { detailText } from './detail-text';
export { registerRoute } from './route.command';
export { routeIdField } from './route.schema';
export { decisionsOf, type DecisionRow } from './route.service';
