export { usersAreHere } from './users-are-here';
export { registerUser } from './user.command';
export { liveUser } from './user.service';
