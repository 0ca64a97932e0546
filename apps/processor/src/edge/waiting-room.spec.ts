import { WaitingRoom, type Waiting } from './waiting-room';

const ADDRESS = '10.0.0.1';
const LONGEST_MS = 1_000;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const NOTHING = (): void => undefined;
const speaking = (enter: () => void): Waiting => ({ enter, hasSpoken: () => true, turnAway: NOTHING });

function roomOf(perSecond: number): { room: WaitingRoom; spent: Set<string>; entered: string[] } {
  const spent = new Set([ADDRESS]);
  const room = new WaitingRoom(perSecond, LONGEST_MS, (address) => spent.has(address));
  return { room, spent, entered: [] };
}

it('lets so many a second of each address in, in their order', () => {
  const { room, entered } = roomOf(40);
  for (let number = 0; number < 10; number += 1) {
    room.wait(
      ADDRESS,
      speaking(() => entered.push(`a${number}`)),
    );
    room.wait(
      '10.0.0.2',
      speaking(() => entered.push(`b${number}`)),
    );
  }
  expect(entered).toEqual([]);
  jest.advanceTimersByTime(100);
  expect(entered).toEqual(['a0', 'a1', 'b0', 'b1', 'a2', 'a3', 'b2', 'b3']);
  jest.advanceTimersByTime(150);
  expect(entered).toHaveLength(20);
  expect(room.size).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

it('lets nobody overtake those who wait, of the whole network, when its minute is over', () => {
  const { room, spent } = roomOf(20);
  expect(room.mustWait('10.0.0.2')).toBe(false);
  spent.add('2001:db8::1');
  expect(room.mustWait('2001:db8::1')).toBe(true);
  room.wait('2001:db8::1', speaking(NOTHING));
  spent.clear();
  expect(room.mustWait('2001:db8::2')).toBe(true);
  jest.advanceTimersByTime(50);
  expect(room.mustWait('2001:db8::2')).toBe(false);
});

it('turns away whose turn would come too late, and gives the place of one who left to the next', () => {
  const { room, entered } = roomOf(20);
  const leaves = Array.from({ length: 20 }, (_, number) =>
    room.wait(
      ADDRESS,
      speaking(() => entered.push(`${number}`)),
    ),
  );
  expect(
    room.wait(
      ADDRESS,
      speaking(() => entered.push('late')),
    ),
  ).toBeUndefined();
  leaves[0]?.();
  expect(
    room.wait(
      ADDRESS,
      speaking(() => entered.push('next')),
    ),
  ).toBeDefined();
  jest.advanceTimersByTime(LONGEST_MS);
  expect(entered).toEqual([...Array.from({ length: 19 }, (_, number) => `${number + 1}`), 'next']);
});

it('forgets all of them when it closes', () => {
  const { room, entered } = roomOf(20);
  room.wait(
    ADDRESS,
    speaking(() => entered.push('one')),
  );
  room.close();
  jest.advanceTimersByTime(LONGEST_MS);
  expect(entered).toEqual([]);
  expect(room.size).toBe(0);
});

it('gives no turn and no lasting place to those who say nothing', () => {
  const { room, entered } = roomOf(20);
  const away: number[] = [];
  const heard = new Set<number>();
  for (let number = 0; number < 20; number += 1) {
    const turnAway = (): void => void away.push(number);
    const enter = (): void => void entered.push(`${number}`);
    room.wait(ADDRESS, { enter, hasSpoken: () => heard.has(number), turnAway });
  }
  // The room is full of silence: the first of it goes for one who speaks, who is let in at once.
  expect(
    room.wait(
      ADDRESS,
      speaking(() => entered.push('a device')),
    ),
  ).toBeDefined();
  expect(away).toEqual([0]);
  jest.advanceTimersByTime(50);
  expect(entered).toEqual(['a device']);
  heard.add(7);
  jest.advanceTimersByTime(50);
  expect(entered).toEqual(['a device', '7']);
  expect(room.size).toBe(18);
  room.close();
});
