export { usersAreHere } from './user-service';
export { registerUser } from './user.command';
export { liveUser } from './user.service';
