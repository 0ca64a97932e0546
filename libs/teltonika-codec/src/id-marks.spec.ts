import { IdMarks } from './id-marks';

describe('IdMarks', () => {
  it('stays right when its record numbers start over after 2^24 - 1 records', () => {
    const marks = new IdMarks([239]);
    marks.startRecord();
    expect([marks.see(239), marks.see(7)]).toEqual([1, 0]);
    for (let record = 0; record < 0xff_ffff; record++) marks.startRecord();
    expect([marks.see(239), marks.see(7)]).toEqual([1, 0]);
    expect(marks.sawDuplicate).toBe(false);
    expect(marks.see(239)).toBe(1);
    expect(marks.sawDuplicate).toBe(true);
  });
});
